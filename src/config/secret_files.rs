//! Settings that stand in files of their own: `UNICRM_MASTER_KEYS_FILE` names a file that holds `UNICRM_MASTER_KEYS`.
//!
//! Container engines hand over secrets as files, and a file is seen by fewer eyes than a process's environment. An
//! error names the setting and the file, and never what is in it.

use std::collections::BTreeMap;

const SUFFIX: &str = "_FILE";

/// The setting whose file a name stands for.
pub(super) fn setting(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX)
}

/// Puts what the files hold in the place of the settings that name them. A setting that is given both ways is a problem:
/// nobody could tell which one counts.
pub(super) fn read(
    values: &mut BTreeMap<String, String>,
    is_known: impl Fn(&str) -> bool,
    problems: &mut Vec<String>,
) {
    let named: Vec<String> =
        values.keys().filter(|name| setting(name).is_some_and(&is_known)).cloned().collect();
    for name in named {
        let Some((file, setting)) = values.remove(&name).zip(setting(&name)) else { continue };
        if WITHOUT.contains(&setting) {
            problems.push(format!("{name}: {setting} names a file itself"));
        } else if values.contains_key(setting) && !is_default(values, setting) {
            problems.push(format!("{name}: {setting} is set as well; set one of the two"));
        } else {
            match std::fs::read_to_string(&file) {
                Ok(text) => {
                    values.insert(setting.to_owned(), text.trim_end_matches(['\r', '\n']).to_owned());
                }
                Err(error) => problems.push(format!("{name}: {file} can't be read: {error}")),
            }
        }
    }
}

/// What is the name of a file or folder already.
const WITHOUT: &[&str] = &["UNICRM_CONFIG"];

/// Whether a setting has the value that the defaults give it, so that a file may say otherwise.
fn is_default(values: &BTreeMap<String, String>, setting: &str) -> bool {
    let mut ignored = Vec::new();
    let defaults = super::file_values(super::DEFAULTS, "the defaults", &mut ignored);
    defaults.get(setting) == values.get(setting)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use crate::config::Settings;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::from_layers(&env).map_err(|error| error.to_string())
    }

    fn file(content: &str) -> (std::path::PathBuf, String) {
        let path = std::env::temp_dir().join(format!("unicrm-setting-{}", uuid::Uuid::new_v4().simple()));
        std::fs::write(&path, content).unwrap();
        let name = path.to_string_lossy().into_owned();
        (path, name)
    }

    #[test]
    fn a_setting_can_stand_in_a_file_of_its_own() {
        let (path, name) = file("postgres://user:secret@host/database\n");
        let (listen, listen_name) = file("127.0.0.1:9\r\n");
        let read = read(&[
            ("DATABASE_URL_FILE", &name),
            ("UNICRM_PROVIDER_CAPSULE_CLIENT_SECRET_FILE", &name),
            ("UNICRM_LISTEN_FILE", &listen_name),
        ]);
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(listen).unwrap();
        let settings = read.unwrap();
        let expected = "postgres://user:secret@host/database";
        assert_eq!(settings.database_url.as_ref().unwrap().expose_secret(), expected);
        assert_eq!(settings.provider("capsule").client_secret.unwrap().expose_secret(), expected);
        assert_eq!(settings.listen.to_string(), "127.0.0.1:9");
        assert!(settings.unknown.is_empty(), "{:?}", settings.unknown);
    }

    #[test]
    fn a_setting_that_is_given_twice_and_a_file_that_is_not_there_are_problems_and_show_no_secret() {
        let (path, name) = file("postgres://user:hunter2@host/database");
        let error = read(&[
            ("DATABASE_URL", "postgres://user:hunter2@host/database"),
            ("DATABASE_URL_FILE", &name),
            ("UNICRM_MASTER_KEYS_FILE", "/nowhere/keys"),
        ])
        .unwrap_err();
        std::fs::remove_file(path).unwrap();
        assert!(error.contains("DATABASE_URL_FILE") && error.contains("/nowhere/keys"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_misspelt_one_is_named_like_any_other() {
        let settings = read(&[("UNICRM_MASTR_KEYS_FILE", "/nowhere")]).unwrap();
        assert_eq!(settings.unknown.len(), 1, "{:?}", settings.unknown);
    }
}
