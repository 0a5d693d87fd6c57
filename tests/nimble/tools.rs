//! The published names of Nimble's tools, and the operation that each of them is.

use std::collections::BTreeSet;

use unicrm::mapping::tool_name::tool_name;

use crate::support::app::shipped;

/// Tool, resource, method, verb and path.
pub const TOOLS: &[(&str, &str, &str, &str, &str)] = &[
    ("list_all_nimble_me", "me", "list", "GET", "/api/v1/myself"),
    ("list_all_nimble_contacts", "contacts", "list", "GET", "/api/v1/contacts"),
    ("create_a_nimble_contact", "contacts", "create", "POST", "/api/v1/contact"),
    ("delete_a_nimble_contact_by_id", "contacts", "delete", "DELETE", "/api/v1/contact/{{id}}"),
    ("update_a_nimble_contact_by_id", "contacts", "update", "PUT", "/api/v1/contact/{{id}}"),
    ("nimble_contacts_contact_ids", "contacts", "contact_ids", "GET", "/api/v1/contacts/ids"),
    ("nimble_contacts_standard", "contacts", "standard", "GET", "/api/v1/contact"),
    ("nimble_contacts_bulk", "contacts", "bulk", "DELETE", "/api/v1/contacts"),
    ("get_single_nimble_contact_by_id", "contacts", "get", "GET", "/api/v1/contact/{{id}}"),
    (
        "nimble_contacts_proceedings",
        "contacts",
        "proceedings",
        "GET",
        "/api/v1/contacts/{{query.contact_id}}/proceedings",
    ),
    (
        "nimble_contacts_proceeding_providers",
        "contacts",
        "proceeding_providers",
        "GET",
        "/api/v1/contacts/proceedings_providers",
    ),
    ("nimble_contacts_assign_tags", "contacts", "assign_tags", "PUT", "/api/v1/contacts/{{id}}/tags"),
    (
        "list_all_nimble_contact_notes",
        "contact_notes",
        "list",
        "GET",
        "/api/v1/contacts/{{query.contact_id}}/notes",
    ),
    ("create_a_nimble_contact_note", "contact_notes", "create", "POST", "/api/v1/contacts/notes"),
    ("update_a_nimble_contact_note_by_id", "contact_notes", "update", "PUT", "/api/v1/contacts/notes/{{id}}"),
    (
        "delete_a_nimble_contact_note_by_id",
        "contact_notes",
        "delete",
        "DELETE",
        "/api/v1/contacts/notes/{{id}}",
    ),
    ("get_single_nimble_contact_note_by_id", "contact_notes", "get", "GET", "/api/v1/contacts/notes/{{id}}"),
    (
        "nimble_contact_notes_create_with_id",
        "contact_notes",
        "create_with_id",
        "POST",
        "/api/v1/contacts/notes/{{id}}",
    ),
    ("list_all_nimble_contact_fields", "contact_fields", "list", "GET", "/api/v1/contacts/fields"),
    ("create_a_nimble_contact_field", "contact_fields", "create", "POST", "/api/v1/contacts/fields"),
    (
        "update_a_nimble_contact_field_by_id",
        "contact_fields",
        "update",
        "PUT",
        "/api/v1/contacts/fields/{{id}}",
    ),
    (
        "delete_a_nimble_contact_field_by_id",
        "contact_fields",
        "delete",
        "DELETE",
        "/api/v1/contacts/fields/{{id}}",
    ),
    (
        "nimble_contact_fields_unset_primary",
        "contact_fields",
        "unset_primary",
        "DELETE",
        "/api/v1/contact/{{query.contact_id}}/field",
    ),
    (
        "nimble_contact_fields_set_primary",
        "contact_fields",
        "set_primary",
        "PUT",
        "/api/v1/contact/{{query.contact_id}}/field",
    ),
    (
        "create_a_nimble_contact_fields_group",
        "contact_fields_groups",
        "create",
        "POST",
        "/api/v1/contacts/fields/groups",
    ),
    (
        "update_a_nimble_contact_fields_group_by_id",
        "contact_fields_groups",
        "update",
        "PUT",
        "/api/v1/contacts/fields/groups/{{id}}",
    ),
    (
        "delete_a_nimble_contact_fields_group_by_id",
        "contact_fields_groups",
        "delete",
        "DELETE",
        "/api/v1/contacts/fields/groups/{{id}}",
    ),
    (
        "create_a_nimble_contact_field_tab",
        "contact_field_tabs",
        "create",
        "POST",
        "/api/v1/contacts/fields/tabs",
    ),
    (
        "update_a_nimble_contact_field_tab_by_id",
        "contact_field_tabs",
        "update",
        "PUT",
        "/api/v1/contacts/fields/tabs/{{id}}",
    ),
    (
        "delete_a_nimble_contact_field_tab_by_id",
        "contact_field_tabs",
        "delete",
        "DELETE",
        "/api/v1/contacts/fields/tabs/{{id}}",
    ),
    (
        "create_a_nimble_contact_field_choice",
        "contact_field_choices",
        "create",
        "POST",
        "/api/v1/contacts/fields/{{query.field_id}}/choices",
    ),
    (
        "update_a_nimble_contact_field_choice_by_id",
        "contact_field_choices",
        "update",
        "PUT",
        "/api/v1/contacts/fields/{{query.field_id}}/choices/{{id}}",
    ),
    (
        "delete_a_nimble_contact_field_choice_by_id",
        "contact_field_choices",
        "delete",
        "DELETE",
        "/api/v1/contacts/fields/{{query.field_id}}/choices/{{id}}",
    ),
    ("list_all_nimble_contact_pipelines", "contact_pipelines", "list", "GET", "/api/v1/contacts/pipelines"),
    ("list_all_nimble_contacts_search", "contacts_search", "list", "GET", "/api/v1/contacts"),
    ("create_a_nimble_deal", "deals", "create", "POST", "/api/v2/deals"),
    ("get_single_nimble_deal_by_id", "deals", "get", "GET", "/api/v2/deals/{{id}}"),
    ("delete_a_nimble_deal_by_id", "deals", "delete", "DELETE", "/api/v2/deals/{{id}}"),
    ("update_a_nimble_deal_by_id", "deals", "update", "PUT", "/api/v2/deals/{{id}}"),
    (
        "nimble_deals_won_deals_last_month",
        "deals",
        "won_deals_last_month",
        "GET",
        "/api/v2/deals/widget/won_last_month",
    ),
    ("nimble_deals_overdue", "deals", "overdue", "GET", "/api/v2/deals/{{id}}/overdue"),
    ("list_all_nimble_deals_tags", "deals_tags", "list", "GET", "/api/v2/deals/tags"),
    ("create_a_nimble_deals_tag", "deals_tags", "create", "POST", "/api/v2/deals/tags"),
    ("update_a_nimble_deals_tag_by_id", "deals_tags", "update", "PUT", "/api/2/deals/tags/{{id}}"),
    ("delete_a_nimble_deals_tag_by_id", "deals_tags", "delete", "DELETE", "/api/2/deals/tags/{{id}}"),
    (
        "list_all_nimble_deal_column_catalogue",
        "deal_column_catalogue",
        "list",
        "GET",
        "/api/v2/deals/column_catalogue",
    ),
    ("list_all_nimble_deals_pipelines", "deals_pipelines", "list", "GET", "/api/v2/deals/pipelines"),
    (
        "get_single_nimble_deals_pipeline_by_id",
        "deals_pipelines",
        "get",
        "GET",
        "/api/v2/deals/pipelines/{{id}}",
    ),
    ("create_a_nimble_deals_pipeline", "deals_pipelines", "create", "POST", "/api/v2/deals/pipelines"),
    (
        "update_a_nimble_deals_pipeline_by_id",
        "deals_pipelines",
        "update",
        "PUT",
        "/api/v2/deals/pipelines/{{id}}",
    ),
    (
        "delete_a_nimble_deals_pipeline_by_id",
        "deals_pipelines",
        "delete",
        "DELETE",
        "/api/v2/deals/pipelines/{{id}}",
    ),
    (
        "nimble_deals_pipelines_archive",
        "deals_pipelines",
        "archive",
        "POST",
        "/api/v2/deals/pipelines/{{id}}/archive",
    ),
    (
        "nimble_deals_pipelines_unarchive",
        "deals_pipelines",
        "unarchive",
        "POST",
        "/api/v2/deals/pipelines/{{id}}/unarchive",
    ),
    (
        "nimble_deals_pipelines_add_pipeline_lost_reason",
        "deals_pipelines",
        "add_pipeline_lost_reason",
        "POST",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/lost_reasons",
    ),
    ("list_all_nimble_message_drafts", "message_drafts", "list", "GET", "/api/v1/messages/drafts"),
    ("create_a_nimble_message_draft", "message_drafts", "create", "POST", "/api/v1/messages/drafts"),
    (
        "create_a_nimble_pipeline_transition",
        "pipeline_transition",
        "create",
        "POST",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}/successful",
    ),
    (
        "update_a_nimble_pipeline_transition_by_id",
        "pipeline_transition",
        "update",
        "PUT",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}/successful",
    ),
    (
        "delete_a_nimble_pipeline_transition_by_id",
        "pipeline_transition",
        "delete",
        "DELETE",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}",
    ),
    (
        "nimble_pipeline_transition_exit_lead_unsuccessfully",
        "pipeline_transition",
        "exit_lead_unsuccessfully",
        "POST",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}/unsuccessful",
    ),
    (
        "nimble_pipeline_transition_unsuccessful_exit",
        "pipeline_transition",
        "unsuccessful_exit",
        "PUT",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}/unsuccessful",
    ),
    (
        "nimble_pipeline_transition_move_lead_stage",
        "pipeline_transition",
        "move_lead_stage",
        "POST",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}/move",
    ),
    (
        "nimble_pipeline_transition_undo_lead",
        "pipeline_transition",
        "undo_lead",
        "POST",
        "/api/v2/leads/{{query.lead_id}}/{{query.pipeline_id}}/undo",
    ),
    ("create_a_nimble_deal_file", "deal_file", "create", "POST", "/api/v2/deals/{{id}}/files"),
    (
        "update_a_nimble_deal_file_by_id",
        "deal_file",
        "update",
        "PUT",
        "/api/v2/deals/{{query.deal_id}}/files/{{id}}",
    ),
    (
        "delete_a_nimble_deal_file_by_id",
        "deal_file",
        "delete",
        "DELETE",
        "/api/v2/deals/{{query.deal_id}}/files/{{id}}",
    ),
    (
        "nimble_deal_file_download",
        "deal_file",
        "download",
        "GET",
        "/api/v2/deals/{{query.deal_id}}/files/{{id}}/url",
    ),
    ("create_a_nimble_deal_note", "deal_notes", "create", "POST", "/api/v2/deals/{{query.deal_id}}/notes"),
    (
        "update_a_nimble_deal_note_by_id",
        "deal_notes",
        "update",
        "PUT",
        "/api/v2/deals/{{query.deal_id}}/notes/{{id}}",
    ),
    (
        "delete_a_nimble_deal_note_by_id",
        "deal_notes",
        "delete",
        "DELETE",
        "/api/v2/deals/{{query.deal_id}}/notes/{{id}}",
    ),
    ("list_all_nimble_deal_fields", "deal_fields", "list", "GET", "/api/v2/deals/fields"),
    (
        "create_a_nimble_pipeline_stage",
        "pipeline_stages",
        "create",
        "POST",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/stages",
    ),
    (
        "update_a_nimble_pipeline_stage_by_id",
        "pipeline_stages",
        "update",
        "PUT",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/stages/{{id}}",
    ),
    (
        "delete_a_nimble_pipeline_stage_by_id",
        "pipeline_stages",
        "delete",
        "DELETE",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/stages/{{id}}",
    ),
    (
        "list_all_nimble_pipeline_deals_by_stages",
        "pipeline_deals_by_stages",
        "list",
        "GET",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/deals",
    ),
    (
        "list_all_nimble_pipeline_deals_by_owner",
        "pipeline_deals_by_owner",
        "list",
        "GET",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/owners",
    ),
    (
        "create_a_nimble_deal_pipeline_field",
        "deal_pipeline_fields",
        "create",
        "POST",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/fields",
    ),
    (
        "update_a_nimble_deal_pipeline_field_by_id",
        "deal_pipeline_fields",
        "update",
        "PUT",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/fields/{{id}}",
    ),
    (
        "delete_a_nimble_deal_pipeline_field_by_id",
        "deal_pipeline_fields",
        "delete",
        "DELETE",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/fields/{{id}}",
    ),
    (
        "create_a_nimble_deal_pipeline_choice",
        "deal_pipeline_choices",
        "create",
        "POST",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/fields/{{query.field_id}}/choices",
    ),
    (
        "update_a_nimble_deal_pipeline_choice_by_id",
        "deal_pipeline_choices",
        "update",
        "PUT",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/fields/{{query.field_id}}/choices/{{id}}",
    ),
    (
        "delete_a_nimble_deal_pipeline_choice_by_id",
        "deal_pipeline_choices",
        "delete",
        "DELETE",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/fields/{{query.field_id}}/choices/{{id}}",
    ),
    (
        "create_a_nimble_deal_pipeline_fields_group",
        "deal_pipeline_fields_groups",
        "create",
        "POST",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/groups",
    ),
    (
        "update_a_nimble_deal_pipeline_fields_group_by_id",
        "deal_pipeline_fields_groups",
        "update",
        "PUT",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/groups/{{id}}",
    ),
    (
        "delete_a_nimble_deal_pipeline_fields_group_by_id",
        "deal_pipeline_fields_groups",
        "delete",
        "DELETE",
        "/api/v2/deals/pipelines/{{query.pipeline_id}}/groups/{{id}}",
    ),
];

/// Operations that Nimble documents and for which no tool was published.
const BESIDE: &[(&str, &str)] = &[
    ("contact_notes", "create_for_contact"),
    ("contact_fields", "metadata"),
    ("deals", "list"),
    ("activities", "list"),
    ("tasks", "create"),
    ("company_users", "list"),
];

#[test]
fn every_published_tool_is_an_operation_under_its_own_name() {
    let catalog = shipped();
    let manifest = &catalog.providers["nimble"].manifest;
    assert_eq!(TOOLS.len(), 85);
    for (tool, resource, method, verb, path) in TOOLS {
        assert_eq!(tool_name("nimble", resource, method), *tool);
        let facts = manifest.native(resource, method).unwrap_or_else(|| panic!("no {resource}.{method}"));
        assert_eq!((facts.method.http().as_str(), facts.path.as_str()), (*verb, *path), "{tool}");
        assert!(facts.description.ends_with('.'), "{tool}: {}", facts.description);
    }
}

#[test]
fn nothing_is_there_that_is_neither_published_nor_documented() {
    let catalog = shipped();
    let manifest = &catalog.providers["nimble"].manifest;
    let published = TOOLS.iter().map(|(_, resource, method, ..)| (*resource, *method));
    let known: BTreeSet<(&str, &str)> = published.chain(BESIDE.iter().copied()).collect();
    let there: BTreeSet<(&str, &str)> = manifest
        .resources
        .iter()
        .flat_map(|(resource, native)| {
            native.methods.keys().map(|method| (resource.as_str(), method.as_str()))
        })
        .collect();
    assert_eq!(there, known);
}
