//! Named settings: profiles in a TOML file of one's own, or sections of PyKMIP's `pykmip.conf`.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use kmip::{
    client::{Address, Credential, Identity, Options, PORT, pykmip},
    ttlv::{Secret, SecretText},
};
use serde::Deserialize;

use super::{
    connect::{Wanted, first_line},
    failure::{Failure, Result, Status},
};

/// What a profile says.
pub(crate) struct Base {
    pub(crate) options: Options,
    /// Whether it says which server.
    pub(crate) has_server: bool,
    pub(crate) protocol: Option<Wanted>,
    pub(crate) directory: Option<PathBuf>,
    /// What of it has no effect.
    pub(crate) warnings: Vec<String>,
}

impl Base {
    /// What goes where there is no profile.
    pub(crate) fn nothing() -> Self {
        Self {
            options: Options::new(Address::new("127.0.0.1", PORT)),
            has_server: false,
            protocol: None,
            directory: None,
            warnings: Vec::new(),
        }
    }

    /// The profile of this name in a file, or the file's default.
    pub(crate) fn read(path: &Path, name: Option<&str>) -> Result<Self> {
        if path.extension().is_some_and(|extension| extension == "toml") {
            return own(path, name);
        }
        let settings = pykmip::read(path, name.unwrap_or(pykmip::SECTION)).map_err(|fault| match fault {
            pykmip::Fault::File { .. } => Failure::new(Status::File, fault),
            _ => Failure::usage(fault).hint("--profile NAME takes another section of the file"),
        })?;
        let place = path.display();
        let warnings = settings.warnings.iter().map(|warning| format!("{place}: {warning}")).collect();
        Ok(Self { options: settings.options, has_server: true, warnings, ..Self::nothing() })
    }
}

/// Where one's own profiles are.
pub(crate) fn place() -> Option<PathBuf> {
    let given = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = given.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".config")))?;
    Some(home.join("kmip/config.toml"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The profile that is taken where none is named.
    default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Profile {
    server: Option<OneOrMore>,
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    server_name: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    kmip: Option<String>,
    timeout: Option<u64>,
    directory: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn own(path: &Path, name: Option<&str>) -> Result<Base> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    let mut file: File = toml::from_str(&text).map_err(|error| {
        Failure::usage(format_args!("{}: {}", path.display(), error.to_string().trim_end()))
    })?;
    let name = name.map(str::to_owned).or(file.default.take());
    let Some(name) = name else { return Ok(Base::nothing()) };
    let Some(profile) = file.profile.remove(&name) else {
        let names: Vec<&str> = file.profile.keys().map(String::as_str).collect();
        let failure = Failure::usage(format_args!("{} has no profile {name:?}", path.display()));
        return Err(match &*names {
            [] => failure.hint(format_args!("a profile is a table [profile.{name}] in it")),
            names => failure.hint(format_args!("it has {}", names.join(", "))),
        });
    };
    base(profile, path, &name)
}

fn base(profile: Profile, path: &Path, name: &str) -> Result<Base> {
    let fault =
        |reason: &dyn std::fmt::Display| Failure::usage(format_args!("{}, {name}: {reason}", path.display()));
    // Paths are seen from where the file is, so that a profile means the same everywhere.
    let folder = path.parent().unwrap_or(Path::new(""));
    let at = |path: PathBuf| folder.join(path);
    let mut base = Base::nothing();
    let options = &mut base.options;
    let servers = match profile.server {
        Some(OneOrMore::One(server)) => vec![server],
        Some(OneOrMore::More(servers)) => servers,
        None => Vec::new(),
    };
    if !servers.is_empty() {
        let parsed: Result<Vec<Address>, _> = servers.iter().map(|server| server.parse()).collect();
        options.servers = parsed.map_err(|error| fault(&error))?;
        base.has_server = true;
    }
    options.ca = profile.ca.map(|ca| at(ca).into());
    if let Some(certificate) = profile.cert {
        let key = profile.key.unwrap_or_else(|| certificate.clone());
        let mut identity = Identity::new(at(certificate), at(key));
        if let Some(file) = profile.passphrase_file {
            identity.passphrase = Some(Secret::from(first_line(&at(file))?.as_bytes()));
        }
        options.identity = Some(identity);
    } else if profile.key.is_some() {
        return Err(fault(&"key is there, but no cert"));
    }
    options.server_name = profile.server_name;
    match (profile.user, profile.password_file) {
        (Some(user), Some(file)) => {
            let password = SecretText::from(first_line(&at(file))?.as_str());
            options.credentials.push(Credential::user(user, Some(password)));
        }
        (Some(_), None) => return Err(fault(&"user is there, but no password-file")),
        (None, Some(_)) => return Err(fault(&"password-file is there, but no user")),
        (None, None) => {}
    }
    base.protocol =
        profile.kmip.map(|version| version.parse().map_err(|error: String| fault(&error))).transpose()?;
    if let Some(seconds) = profile.timeout {
        options.request_timeout = Duration::from_secs(seconds.max(1));
    }
    base.directory = profile.directory.map(at);
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_in_toml() {
        let folder = env::temp_dir().join(format!("kmip-profiles-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("config.toml");
        let text = "default = \"lab\"\n[profile.lab]\nserver = [\"a:1\", \"b\"]\nca = \"ca.crt\"\nkmip = \"1.4\"\n\
                    [profile.bad]\nserver = \"https://x\"\n";
        fs::write(&path, text).expect("a file");
        let base = Base::read(&path, None).expect("a profile");
        assert_eq!(base.options.servers, [Address::new("a", 1), Address::new("b", PORT)]);
        assert!(
            matches!(&base.options.ca, Some(kmip::client::Pem::File(ca)) if *ca == folder.join("ca.crt"))
        );
        assert_eq!(base.protocol, "1.4".parse().ok());
        let message = |name| Base::read(&path, Some(name)).err().map(|failure| failure.message().to_owned());
        assert!(message("bad").is_some_and(|message| message.contains("is no server")));
        assert!(message("none").is_some_and(|message| message.contains("no profile")));
        fs::write(&path, "[profile.lab]\nsever = \"a\"\n").expect("a file");
        assert!(message("lab").is_some_and(|message| message.contains("sever")));
        fs::remove_dir_all(&folder).expect("it goes");
    }
}
