//! Configurations in print: as they are, as an annotated example, as a reference.

use std::fmt::Write as _;

use toml::Value;

use super::{Layers, Setting, settings};

/// All settings as they are, each with where it comes from. Passwords in addresses are left out.
pub fn show(layers: &Layers) -> String {
    let mut text = String::new();
    sections(&mut text, |text, setting| {
        let _ = match (layers.get(setting), setting.default) {
            (Some((value, origin)), _) => {
                writeln!(text, "{} = {}  # {origin}", setting.name, hidden(value.clone()))
            }
            (None, Some(default)) => writeln!(text, "{} = {default}  # default", setting.name),
            (None, None) => writeln!(text, "# {} is not set", setting.name),
        };
    });
    text
}

/// A configuration file with every setting, what it means, and what it is by default.
pub fn example() -> String {
    let mut text = String::from(
        "# Every setting of kmip-server. What is commented out has this value by default, or is an example.\n",
    );
    sections(&mut text, |text, setting| {
        text.push('\n');
        for line in setting.about {
            let _ = writeln!(text, "#{line}");
        }
        let has_to_be_said = matches!(
            &*setting.key(),
            "store" | "master_key" | "tls.certificate" | "tls.key" | "tls.client_ca"
        );
        let mark = if has_to_be_said { "" } else { "# " };
        let value = match setting.default {
            Some("[]") | None => setting.example,
            Some(default) => default,
        };
        let _ = writeln!(text, "{mark}{} = {value}", setting.name);
    });
    text
}

/// The settings as a table in Markdown.
pub fn reference() -> String {
    let mut text = String::from(
        "| in the file | command line | environment | default | |\n| --- | --- | --- | --- | --- |\n",
    );
    for setting in settings() {
        let about: Vec<&str> = setting.about.iter().map(|line| line.trim()).collect();
        let default = setting.default.map(|value| format!("`{value}`")).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}` | `--{}` | `{}` | {default} | {} |",
            setting.key(),
            setting.flag(),
            setting.variable(),
            about.join(" ")
        );
    }
    text
}

fn sections(text: &mut String, mut one: impl FnMut(&mut String, &'static Setting)) {
    let mut section = "";
    for setting in settings() {
        if setting.section != section {
            section = setting.section;
            let _ = writeln!(text, "\n[{section}]");
        }
        one(text, setting);
    }
}

/// A value without the passwords of the addresses in it.
fn hidden(value: Value) -> Value {
    match value {
        Value::String(text) => without_password(&text).into(),
        Value::Array(values) => values.into_iter().map(hidden).collect::<Vec<_>>().into(),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(name, value)| (name, hidden(value))).collect())
        }
        other => other,
    }
}

/// `scheme://user:password@host` without the password.
fn without_password(text: &str) -> String {
    let parts = || {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{host}{path}"))
    };
    parts().unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{File, Origin};

    #[test]
    fn the_example_is_a_configuration_with_every_setting() {
        let example = example();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.toml");
        fs::write(&path, &example).unwrap();
        let mut layers = Layers::new();
        layers.file(&path).unwrap();
        layers.complete().unwrap();

        // And with nothing commented out.
        let uncommented: String = example
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if settings().any(|setting| rest.starts_with(&format!("{} = ", setting.name))) => {
                    rest
                }
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        fs::write(&path, uncommented).unwrap();
        let mut layers = Layers::new();
        layers.file(&path).unwrap();
        for setting in settings() {
            assert!(layers.get(setting).is_some(), "{}", setting.key());
        }
        layers.complete().unwrap();
    }

    /// What is printed as a default is what holds when nothing is said.
    #[test]
    fn defaults_are_what_they_are_said_to_be() {
        let least = "store = 'memory:'\nmaster_key = '/k'\ntls = { certificate = '/c', key = '/k', client_ca = '/a' }\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.toml");
        fs::write(&path, least).unwrap();
        let mut silent = Layers::new();
        silent.file(&path).unwrap();
        let mut said = silent.clone();
        for setting in settings().filter(|setting| setting.default.is_some()) {
            let default = setting.default.unwrap();
            let text = match default.parse::<Value>() {
                Ok(Value::String(text)) => text,
                Ok(Value::Array(items)) if setting.kind == crate::config::Kind::List => {
                    items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(",")
                }
                _ => default.to_owned(),
            };
            said.text(setting, &[text], Origin::Default).unwrap();
        }
        assert_eq!(format!("{:?}", said.complete().unwrap()), format!("{:?}", silent.complete().unwrap()));
    }

    #[test]
    fn what_is_shown_says_where_it_comes_from_and_hides_passwords() {
        let mut layers = Layers::new();
        let setting = |key: &str| settings().find(|setting| setting.key() == key).unwrap();
        layers
            .text(
                setting("store"),
                &["postgres://kmip:s3cret@db/kmip".into()],
                Origin::Environment("E".into()),
            )
            .unwrap();
        layers
            .text(
                setting("auth.slugs"),
                &["[{ url = 'http://a:s3cret@x/slugs/' }]".into()],
                Origin::CommandLine("auth-slugs".into()),
            )
            .unwrap();
        let text = show(&layers);
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("store = \"postgres://kmip:***@db/kmip\"  # environment E"), "{text}");
        assert!(
            text.contains("http://a:***@x/slugs/") && text.contains("# command line --auth-slugs"),
            "{text}"
        );
        assert!(text.contains("\n[limits]\nconnections = 16384  # default\n"), "{text}");
        assert!(text.contains("# master_key is not set"), "{text}");
        toml::from_str::<File>(&text).unwrap();
    }

    #[test]
    fn every_setting_is_in_the_reference() {
        let text = reference();
        for setting in settings() {
            assert!(text.contains(&format!("| `{}` |", setting.key())), "{}", setting.key());
        }
    }
}
