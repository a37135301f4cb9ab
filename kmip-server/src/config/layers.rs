//! Where settings come from, and which of several counts: the command line before the environment before the file
//! before the default.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::file::{File, settings};
use super::{ConfigError, Kind, Setting, pykmip};
use crate::seal::SecretSource;
use crate::store;

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::CommandLine(flag) => write!(f, "command line --{flag}"),
        }
    }
}

/// What all sources together say.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    table: Table,
    origins: BTreeMap<String, Origin>,
    warnings: Vec<String>,
    files: Vec<PathBuf>,
    pykmip: bool,
}

impl Layers {
    /// Settings of which nobody has said anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays a file over what is there. It is TOML, or PyKMIP's `server.conf`.
    ///
    /// # Errors
    /// When it can't be read, or says something that is no setting.
    pub fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let content = |reason: String| ConfigError::Content { path: path.to_owned(), reason };
        let mut table = if pykmip::is_ini(path, &text) {
            let (table, warnings) = pykmip::read(&text).map_err(content)?;
            self.warnings.extend(warnings);
            self.pykmip = true;
            table
        } else {
            // Read as what it is to be, so that a fault has its line.
            let error = |error: toml::de::Error| content(error.to_string().trim_end().to_owned());
            toml::from_str::<File>(&text).map_err(error)?;
            toml::from_str(&text).map_err(error)?
        };
        self.files.push(path.to_owned());
        let folder = path.parent().unwrap_or(Path::new(""));
        for setting in settings() {
            if let Some(value) = take(&mut table, setting) {
                self.put(setting, beside(setting.kind, folder, value), Origin::File(path.to_owned()));
            }
        }
        Ok(())
    }

    /// Lays one setting, as it is written on the command line or in the environment, over what is there.
    ///
    /// # Errors
    /// When it is no value of this setting.
    pub fn text(&mut self, setting: &Setting, texts: &[String], origin: Origin) -> Result<(), ConfigError> {
        let wrong = |reason: &str| ConfigError::Setting { origin: origin.clone(), reason: reason.to_owned() };
        let one = || texts.last().map(String::as_str).unwrap_or_default();
        let value = match setting.kind {
            Kind::Text | Kind::Path | Kind::Store | Kind::Key => Value::String(one().to_owned()),
            Kind::List => {
                let parts = texts.iter().flat_map(|text| text.split(','));
                let parts = parts.map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| Value::String(part.to_owned())).collect::<Vec<_>>().into()
            }
            Kind::Value => {
                let mut table: Table =
                    toml::from_str(&format!("value = {}", one())).map_err(|error| wrong(error.message()))?;
                table.remove("value").ok_or_else(|| wrong("there is no value"))?
            }
        };
        // Checked alone, so that a fault is told with its source.
        let mut alone = Table::new();
        insert(&mut alone, setting, value.clone());
        alone.try_into::<File>().map_err(|error| wrong(error.message()))?;
        self.put(setting, value, origin);
        Ok(())
    }

    /// What all of them together say.
    ///
    /// # Errors
    /// Never, as each was checked by itself; the type says so of any table.
    pub fn settings(&self) -> Result<File, ConfigError> {
        self.table.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Setting {
            origin: Origin::Default,
            reason: error.to_string(),
        })
    }

    /// The value of a setting, where anybody said one, and where it comes from.
    pub fn get(&self, setting: &Setting) -> Option<(&Value, &Origin)> {
        let table = match setting.section {
            "" => &self.table,
            section => self.table.get(section)?.as_table()?,
        };
        Some((table.get(setting.name)?, self.origins.get(&setting.key())?))
    }

    /// What should be changed although it is understood.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The files that were read.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Whether PyKMIP's configuration is among them.
    pub fn is_pykmip(&self) -> bool {
        self.pykmip
    }

    fn put(&mut self, setting: &Setting, value: Value, origin: Origin) {
        insert(&mut self.table, setting, value);
        self.origins.insert(setting.key(), origin);
    }
}

fn insert(table: &mut Table, setting: &Setting, value: Value) {
    let table = match setting.section {
        "" => table,
        section => match table.entry(section).or_insert_with(|| Table::new().into()) {
            Value::Table(table) => table,
            // A section is never anything else: it was checked, or made here.
            _ => return,
        },
    };
    table.insert(setting.name.to_owned(), value);
}

fn take(table: &mut Table, setting: &Setting) -> Option<Value> {
    match setting.section {
        "" => table.remove(setting.name),
        section => table.get_mut(section)?.as_table_mut()?.remove(setting.name),
    }
}

/// A value of a file in this folder: what is a relative path in it is one beside the file.
fn beside(kind: Kind, folder: &Path, value: Value) -> Value {
    let place = |path: &Path| folder.join(path).display().to_string();
    match (kind, value) {
        (Kind::Path, Value::String(path)) => place(Path::new(&path)).into(),
        (Kind::Store, Value::String(address)) => match store::file(&address) {
            Ok(Some(path)) if path.is_relative() => format!("sqlite:{}", place(path)).into(),
            // What is wrong with an address is said by whoever opens it.
            _ => address.into(),
        },
        (Kind::Key, Value::String(text)) => match text.parse::<SecretSource>() {
            Ok(source) => source.beside(folder).to_string().into(),
            // The same.
            Err(_) => text.into(),
        },
        // What belongs to a group service, or to a client that is told of things.
        (_, Value::Array(mut items)) => {
            for item in &mut items {
                for name in ["ca", "certificate", "key"] {
                    if let Some(Value::String(path)) =
                        item.as_table_mut().and_then(|table| table.get_mut(name))
                    {
                        *path = place(Path::new(path));
                    }
                }
            }
            items.into()
        }
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_store_stands_beside_the_file() {
        for (address, expected) in [
            ("memory:", "memory:"),
            ("sqlite:/db/kmip.db", "sqlite:/db/kmip.db"),
            ("sqlite:///db/kmip.db", "sqlite:///db/kmip.db"),
            ("/db/kmip.db", "/db/kmip.db"),
            ("kmip.db", "sqlite:/etc/kmip/kmip.db"),
            ("sqlite:db/kmip.db", "sqlite:/etc/kmip/db/kmip.db"),
            ("sqlite://kmip.db", "sqlite:/etc/kmip/kmip.db"),
            ("unknown:x", "unknown:x"),
        ] {
            let found = beside(Kind::Store, Path::new("/etc/kmip"), address.into());
            assert_eq!(found.as_str(), Some(expected));
        }
    }

    fn setting(key: &str) -> &'static Setting {
        settings().find(|setting| setting.key() == key).unwrap()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn texts_become_values_of_the_setting() {
        let mut layers = Layers::new();
        for (key, given) in [
            ("listen", &["a:1,b:2", "c:3"][..]),
            ("limits.connections", &["7"]),
            ("auth.client_usage", &["false"]),
            ("auth.slugs", &["[{ url = 'http://x/', ca = 'ca.crt' }]"]),
            ("server.name", &["5"]),
        ] {
            layers.text(setting(key), &texts(given), Origin::CommandLine(key.into())).unwrap();
        }
        let file = layers.settings().unwrap();
        assert_eq!(file.listen.unwrap().0, ["a:1", "b:2", "c:3"]);
        assert_eq!(file.limits.connections.unwrap().get(), 7);
        assert_eq!(file.auth.client_usage, Some(false));
        assert_eq!(file.auth.slugs.unwrap()[0].ca, Some("ca.crt".into()));
        assert_eq!(file.server.name.as_deref(), Some("5"));
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_source() {
        let mut layers = Layers::new();
        for (key, text) in [
            ("limits.connections", "0"),
            ("limits.connections", "many"),
            ("limits.connections", "'7'"),
            ("auth.slugs", "[{}]"),
        ] {
            let origin = Origin::Environment(setting(key).variable());
            let error = layers.text(setting(key), &texts(&[text]), origin).unwrap_err().to_string();
            assert!(error.starts_with(&format!("environment {}: ", setting(key).variable())), "{error}");
        }
        assert!(layers.get(setting("limits.connections")).is_none());
    }

    #[test]
    fn later_layers_win() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.toml");
        fs::write(&path, "store = 'db'\nlisten = 'a:1'\n[limits]\nconnections = 5\n").unwrap();
        let mut layers = Layers::new();
        layers.file(&path).unwrap();
        layers
            .text(setting("listen"), &texts(&["b:2"]), Origin::Environment("KMIP_SERVER_LISTEN".into()))
            .unwrap();
        let (value, origin) = layers.get(setting("store")).unwrap();
        let expected = format!("sqlite:{}", folder.path().join("db").display());
        assert_eq!((value.as_str(), origin), (Some(&*expected), &Origin::File(path)));
        assert_eq!(layers.settings().unwrap().listen.unwrap().0, ["b:2"]);
        assert!(layers.get(setting("server.name")).is_none());
    }
}
