"""The published Python client, unmodified, against a gateway: everything it can do with what the gateway serves.

Run by `tests/clients/run`, which gives the gateway's URL, a token and a Capsule account of the sandbox's.
"""

import asyncio
import os
import sys

import aiohttp
from truto_python_sdk import TrutoApi

URL, TOKEN, ACCOUNT = (os.environ[name] for name in ("UNICRM_URL", "UNICRM_TOKEN", "UNICRM_ACCOUNT"))


def query(**more):
    """The query of a call for the account. The client keeps the one it is given, so each call gets its own."""
    return {"integrated_account_id": ACCOUNT, **more}


async def refused(call, status):
    """Holds that a call is refused so: the client raises what the status says."""
    try:
        answer = await call
    except aiohttp.ClientResponseError as error:
        assert error.status == status, f"{error.status} in place of {status}"
    else:
        raise AssertionError(f"answered {answer}")


async def administers(api):
    assert await api.ping() is not None
    account = await api.integrated_accounts.get(ACCOUNT)
    assert account["id"] == ACCOUNT and account["status"] == "active", account
    listed = await api.integrated_accounts.list(**{"integration.name": "capsule"}).to_array()
    assert ACCOUNT in [found["id"] for found in listed], listed
    changed = await api.integrated_accounts.update(ACCOUNT, {"context": {"note": "of the client"}})
    assert changed["context"]["note"] == "of the client", changed
    installed = await api.environment_integrations.list().to_array()
    imported = await api.integrated_accounts._import(
        {
            "tenant_id": "another-customer",
            "environment_integration_id": account["environment_integration_id"],
            "authentication_method": "api_key",
            "context": {"api_key": "another"},
        }
    )
    assert imported["environment_integration_id"] in [found["id"] for found in installed]
    await api.integrated_accounts.delete(imported["id"])
    await refused(api.integrated_accounts.get(imported["id"]), 404)
    names = [found["name"] for found in await api.integrations.list().to_array()]
    assert {"capsule", "nutshell", "nimble"} <= set(names), names


async def pages(api):
    listed = await api.unified_api.list("crm", "contacts", query(limit=30, truto_ignore_remote_data=True)).to_array()
    ids = [record["id"] for record in listed]
    assert len(ids) > 60 and len(set(ids)) == len(ids), f"{len(ids)} records, {len(set(ids))} different"
    assert "remote_data" not in listed[0]
    found = listed[0]
    conditions = query(email_addresses={"email": found["email_addresses"][0]["email"]})
    matching = await api.unified_api.list("crm", "contacts", conditions).to_array()
    assert found["id"] in [record["id"] for record in matching], matching
    parties = await api.proxy_api.list("parties", query(limit=50)).to_array()
    assert len(parties) > 100 and len({party["id"] for party in parties}) == len(parties)


async def writes(api):
    ada = {"first_name": "Ada", "last_name": "Lovelace", "email_addresses": [{"email": "ada@example.com"}]}
    made = await api.unified_api.create("crm", "contacts", ada, query())
    assert made["first_name"] == "Ada" and made["remote_data"]["firstName"] == "Ada", made
    changed = await api.unified_api.update("crm", "contacts", made["id"], {"title": "Countess"}, query())
    assert changed["title"] == "Countess" and changed["last_name"] == "Lovelace", changed
    read = await api.unified_api.get("crm", "contacts", made["id"], query())
    assert read["email_addresses"][0]["email"] == "ada@example.com", read
    native = await api.proxy_api.get("parties", made["id"], query())
    assert native["party"]["jobTitle"] == "Countess", native
    await api.unified_api.delete("crm", "contacts", made["id"], query())
    await refused(api.unified_api.get("crm", "contacts", made["id"], query()), 404)


async def reads_errors(api):
    await refused(api.unified_api.create("crm", "contacts", {"first_name": ["Ada"]}, query()), 400)
    await refused(api.unified_api.list("crm", "contact", query()).to_array(), 404)
    await refused(api.unified_api.list("crm", "contacts", query(colour="red")).to_array(), 400)
    await refused(api.proxy_api.get("parties", "999999999", query()), 404)
    await refused(TrutoApi("not-a-token", URL).environments.list().to_array(), 401)


async def main():
    api = TrutoApi(TOKEN, URL)
    for check in (administers, pages, writes, reads_errors):
        await check(api)
        print(f"ok: {check.__name__}")
    # A base that ends with a slash, as some are configured: paths then begin with two.
    assert await TrutoApi(TOKEN, f"{URL}/").ping() is not None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
