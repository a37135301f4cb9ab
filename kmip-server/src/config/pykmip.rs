//! PyKMIP's `server.conf`: its keys as the settings that they are here.

use std::path::Path;

use configparser::ini::Ini;
use toml::{Table, Value};

use crate::transport::ciphers;

/// Whether a configuration is PyKMIP's: by its name, or else by what is in it.
pub(super) fn is_ini(path: &Path, text: &str) -> bool {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("conf" | "ini" | "cfg") => true,
        Some("toml") => false,
        // Its values are not quoted, so it is no TOML.
        _ => text.parse::<Table>().is_err() && text.lines().any(|line| line.trim() == "[server]"),
    }
}

/// The settings of a `server.conf`, and what should be changed in it although it is understood.
pub(super) fn read(text: &str) -> Result<(Table, Vec<String>), String> {
    let mut ini = Ini::new();
    ini.set_multiline(true);
    // As Python's: a # within a line is one of the value.
    ini.set_inline_comment_symbols(Some(&[]));
    let sections = ini.read(text.to_owned())?;
    let mut read = Read::default();
    let mut services = Vec::new();
    for (section, keys) in &sections {
        match section.as_str() {
            "server" => {
                for (key, value) in keys {
                    read.server(key, &plain(key, value.as_deref().unwrap_or_default())?)?;
                }
            }
            name if name.starts_with("auth:") => {
                let get = |key: &str| {
                    let value = keys.get(key).and_then(Option::as_deref);
                    value.map(|value| plain(key, value)).transpose()
                };
                services.extend(read.service(name, get("enabled")?.as_deref(), get("url")?.as_deref())?);
            }
            "default" if keys.is_empty() => {}
            other => return Err(format!("[{other}] is no section of server.conf")),
        }
    }
    if !sections.contains_key("server") {
        return Err("there is no [server] section".into());
    }
    Ok(read.finish(services))
}

/// A value as it is meant: Python writes a percent sign twice, and puts the values of other keys in with one.
fn plain(key: &str, value: &str) -> Result<String, String> {
    let value = value.trim().replace("%%", "\0");
    if value.contains("%(") {
        return Err(format!("`{key}` refers to another key with a percent sign: write the value out"));
    }
    Ok(value.replace('\0', "%"))
}

/// What PyKMIP calls a setting that has to be said.
pub(super) fn key(setting: &str) -> Option<&'static str> {
    Some(match setting {
        "store" => "database_path",
        "tls.certificate" => "certificate_path",
        "tls.key" => "key_path",
        "tls.client_ca" => "ca_path",
        _ => return None,
    })
}

/// What has been read so far.
#[derive(Default)]
struct Read {
    table: Table,
    warnings: Vec<String>,
    host: Option<String>,
    port: Option<u16>,
}

impl Read {
    fn server(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("`{key}` is {value:?}: {what}"));
        match key {
            "hostname" => self.host = Some(value.to_owned()),
            "port" => match value.parse() {
                Ok(port) => self.port = Some(port),
                Err(_) => return wrong("a port is a number below 65536"),
            },
            "certificate_path" => self.set("tls", "certificate", value),
            "key_path" => self.set("tls", "key", value),
            "ca_path" => self.set("tls", "client_ca", value),
            "auth_suite" => match value {
                "TLS1.2" => {}
                "Basic" => self.warn(
                    "`auth_suite=Basic` means TLS 1.0, which is broken; TLS 1.2 and 1.3 are served: write \
                     `auth_suite=TLS1.2`, or leave it out",
                ),
                _ => return wrong("it is `Basic` or `TLS1.2`"),
            },
            "policy_path" => self.set("", "policies", value),
            "enable_tls_client_auth" => match boolean(value) {
                Some(checked) => self.set("auth", "client_usage", checked),
                None => return wrong("it is `True` or `False`"),
            },
            "tls_cipher_suites" => self.ciphers(value),
            "logging_level" => match value {
                "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL" => self.set("log", "level", value),
                _ => return wrong("it is DEBUG, INFO, WARNING, ERROR or CRITICAL"),
            },
            "database_path" => {
                self.set("", "store", format!("sqlite:{value}"));
                if !self.table.contains_key("master_key") {
                    self.set("", "master_key", format!("{value}.master-key"));
                }
            }
            // Not one of PyKMIP's, which keeps keys in the clear.
            "master_key" => self.set("", "master_key", value),
            // PyKMIP takes these two from its constructor or command line alone.
            "log_path" => self.set("log", "file", value),
            "config_path" => self.warn("`config_path` in the file itself says nothing: leave it out"),
            _ => return Err(format!("`{key}` is no setting of [server]")),
        }
        Ok(())
    }

    /// What PyKMIP doesn't know it leaves out, and so is it here: never more is allowed by that.
    fn ciphers(&mut self, value: &str) {
        let (known, unknown): (Vec<&str>, Vec<&str>) = value
            .split([',', ' ', '\n', '\r', '\t'])
            .filter(|name| !name.is_empty())
            .partition(|name| ciphers::is_known(name));
        for name in &unknown {
            self.warn(format!("the cipher suite {name} of `tls_cipher_suites` is not known: leave it out"));
        }
        if known.is_empty() {
            if !unknown.is_empty() {
                self.warn("`tls_cipher_suites` names no suite that is known: the default ones are offered");
            }
        } else {
            let known: Vec<Value> = known.into_iter().map(Value::from).collect();
            self.set("tls", "ciphers", known);
        }
    }

    fn service(
        &mut self,
        name: &str,
        enabled: Option<&str>,
        url: Option<&str>,
    ) -> Result<Option<Table>, String> {
        let enabled = match enabled {
            None => {
                self.warn(format!("[{name}] does not say `enabled`: it is not asked, as with PyKMIP"));
                false
            }
            Some(value) => boolean(value)
                .ok_or_else(|| format!("`enabled` of [{name}] is {value:?}: it is `True` or `False`"))?,
        };
        if !name.starts_with("auth:slugs") {
            if enabled {
                return Err(format!("[{name}] is enabled, but only auth:slugs services are known"));
            }
            self.warn(format!("[{name}] is not known; it is disabled, so it may be left out"));
            return Ok(None);
        }
        let url = match url {
            Some(url) if !url.is_empty() => url,
            _ if enabled => return Err(format!("[{name}] does not say `url`")),
            _ => return Ok(None),
        };
        let mut service = Table::new();
        service.insert("name".into(), name.into());
        service.insert("url".into(), url.into());
        service.insert("enabled".into(), enabled.into());
        Ok(Some(service))
    }

    fn finish(mut self, services: Vec<Table>) -> (Table, Vec<String>) {
        if self.host.is_some() || self.port.is_some() {
            let host = self.host.take().unwrap_or_else(|| "127.0.0.1".to_owned());
            let port = self.port.unwrap_or(5696);
            let address =
                if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            self.set("", "listen", vec![Value::from(address)]);
        }
        // PyKMIP's clients may be set to send some, which its server never looks at.
        self.set("auth", "ignore_credentials", true);
        if !services.is_empty() {
            self.set("auth", "slugs", services);
        }
        (self.table, self.warnings)
    }

    fn set(&mut self, section: &str, name: &str, value: impl Into<Value>) {
        let table = match section {
            "" => Some(&mut self.table),
            section => self.table.entry(section).or_insert_with(|| Table::new().into()).as_table_mut(),
        };
        if let Some(table) = table {
            table.insert(name.to_owned(), value.into());
        }
    }

    fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }
}

/// What Python's configparser takes for true and false.
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "\
[server]
hostname=127.0.0.1
port=5696
certificate_path=/path/to/certificate/file
key_path=/path/to/certificate/key/file
ca_path=/path/to/ca/certificate/file
auth_suite=Basic
policy_path=/path/to/policy/file
enable_tls_client_auth=False
tls_cipher_suites=
    TLS_RSA_WITH_AES_128_CBC_SHA256
    ECDHE-RSA-AES256-GCM-SHA384
    EXAMPLE_CIPHER_SUITE_3
logging_level=DEBUG
database_path=/tmp/pykmip.db

[auth:slugs:secondary]
enabled=True
url=http://127.0.0.1:8080/slugs%%20of%%20ours/#x
; and one more
[auth:slugs]
enabled=False
url=http://127.0.0.1:8081/slugs/
";

    fn text<'t>(table: &'t Table, section: &str, name: &str) -> &'t str {
        let table = if section.is_empty() { table } else { table[section].as_table().unwrap() };
        table[name].as_str().unwrap()
    }

    #[test]
    fn every_key_of_the_documentation() {
        let (table, warnings) = read(ALL).unwrap();
        assert_eq!(table["listen"].as_array().unwrap()[0].as_str(), Some("127.0.0.1:5696"));
        for (section, name, value) in [
            ("tls", "certificate", "/path/to/certificate/file"),
            ("tls", "key", "/path/to/certificate/key/file"),
            ("tls", "client_ca", "/path/to/ca/certificate/file"),
            ("", "policies", "/path/to/policy/file"),
            ("log", "level", "DEBUG"),
            ("", "store", "sqlite:/tmp/pykmip.db"),
            ("", "master_key", "/tmp/pykmip.db.master-key"),
        ] {
            assert_eq!(text(&table, section, name), value);
        }
        assert_eq!(table["auth"]["client_usage"].as_bool(), Some(false));
        assert_eq!(table["auth"]["ignore_credentials"].as_bool(), Some(true));
        let ciphers: Vec<_> =
            table["tls"]["ciphers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(ciphers, ["TLS_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES256-GCM-SHA384"]);
        let services = table["auth"]["slugs"].as_array().unwrap();
        assert_eq!(services[0]["name"].as_str(), Some("auth:slugs:secondary"), "in their order");
        assert_eq!(services[0]["url"].as_str(), Some("http://127.0.0.1:8080/slugs%20of%20ours/#x"));
        assert_eq!(services[1]["enabled"].as_bool(), Some(false));
        let [suite, cipher] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(suite.contains("auth_suite=TLS1.2"), "{suite}");
        assert!(cipher.contains("EXAMPLE_CIPHER_SUITE_3"), "{cipher}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, expected) in [
            ("port=many", "`port` is \"many\""),
            ("auth_suite=TLS1.0", "`Basic` or `TLS1.2`"),
            ("enable_tls_client_auth=maybe", "`enable_tls_client_auth`"),
            ("logging_level=LOUD", "`logging_level` is \"LOUD\""),
            ("nonsense=1", "`nonsense` is no setting"),
            ("[auth:slugs]\nenabled=True", "does not say `url`"),
            ("policy_path=%(here)s/policies", "write the value out"),
            ("[auth:ldap]\nenabled=True\nurl=x", "only auth:slugs"),
            ("[client]\nhost=x", "[client] is no section"),
        ] {
            let error = read(&format!("[server]\n{line}\n")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(read("").is_err());
    }

    #[test]
    fn a_file_is_known_by_its_name_or_its_contents() {
        for (name, text, expected) in [
            ("server.conf", "", true),
            ("server.toml", ALL, false),
            ("server", ALL, true),
            ("server", "[server]\nname = 'x'", false),
        ] {
            assert_eq!(is_ini(Path::new(name), text), expected, "{name}");
        }
    }

    #[test]
    fn an_address_of_version_6() {
        let (table, _) = read("[server]\nhostname=::1\nmaster_key=/k\ndatabase_path=/d\n").unwrap();
        assert_eq!(table["listen"].as_array().unwrap()[0].as_str(), Some("[::1]:5696"));
        assert_eq!(text(&table, "", "master_key"), "/k");
    }
}
