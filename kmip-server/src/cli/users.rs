//! `kmip-server users`: the users file.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Done, say};
use crate::auth::{User, UsersFile};
use crate::config::Layers;
use crate::crypto::password::PasswordHash;

#[derive(Debug, Subcommand)]
pub(super) enum UsersCommand {
    /// Adds a user; the password is asked for, or the first line of standard input
    Add {
        /// The user's name
        name: String,
        #[command(flatten)]
        file: UsersPath,
        /// A certificate that the user may come with: its identity, sha256:FINGERPRINT, or * for any [default: NAME]
        #[arg(long = "certificate", value_name = "IDENTITY")]
        certificates: Vec<String>,
        /// A group that the user is in
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// The user is known by certificate alone, and this is to say the groups
        #[arg(long)]
        no_password: bool,
    },
    /// Removes a user
    Remove {
        /// The user's name
        name: String,
        #[command(flatten)]
        file: UsersPath,
    },
    /// Lists the users
    List {
        #[command(flatten)]
        file: UsersPath,
    },
    /// Changes a user's password
    Passwd {
        /// The user's name
        name: String,
        #[command(flatten)]
        file: UsersPath,
    },
    /// Adds a password that the user can use once
    OneTime {
        /// The user's name
        name: String,
        #[command(flatten)]
        file: UsersPath,
    },
    /// Whether this is the user's password; the exit status says so
    Verify {
        /// The user's name
        name: String,
        #[command(flatten)]
        file: UsersPath,
    },
    /// Prints the hash of a password, for a device
    Hash,
}

/// Where the users file is.
#[derive(Args, Debug)]
pub(super) struct UsersPath {
    /// The users file
    #[arg(long, value_name = "FILE", env = "KMIP_SERVER_AUTH_USERS", hide_env_values = true)]
    file: Option<PathBuf>,
    /// The server's configuration, which names the users file
    #[arg(long, value_name = "FILE", env = "KMIP_SERVER_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
}

impl UsersPath {
    fn path(&self) -> Result<PathBuf, Box<dyn std::error::Error>> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let config =
            self.config.as_ref().ok_or("say --file FILE, or --config FILE with `auth.users` in it")?;
        let mut layers = Layers::new();
        layers.file(config)?;
        let users = layers.settings()?.users().cloned();
        Ok(users.ok_or_else(|| format!("{} does not say `auth.users`", config.display()))?)
    }
}

impl UsersCommand {
    pub(super) fn run(self) -> Done {
        match self {
            Self::Add { name, file, certificates, groups, no_password } => {
                let path = file.path()?;
                let password = if no_password { None } else { Some(new_password(&name)?) };
                let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
                let user = User {
                    name,
                    password,
                    one_time_passwords: Vec::new(),
                    certificates: some(certificates),
                    groups: some(groups),
                };
                UsersFile::change(&path, |file| {
                    if file.users.iter().any(|other| other.name == user.name) {
                        return Err(format!("there is a user {:?} already", user.name));
                    }
                    file.users.push(user);
                    Ok(())
                })?;
            }
            Self::Remove { name, file } => UsersFile::change(&file.path()?, |file| {
                find(file, &name)?;
                file.users.retain(|user| user.name != name);
                Ok(())
            })?,
            Self::List { file } => {
                let file = UsersFile::read(&file.path()?)?;
                file.users.iter().for_each(|user| say(&described(user)));
                for device in &file.devices {
                    say(&format!("a device that is {}\n", device.user));
                }
            }
            Self::Passwd { name, file } => {
                let path = file.path()?;
                find(&mut UsersFile::read(&path)?, &name)?;
                let password = new_password(&name)?;
                UsersFile::change(&path, |file| {
                    find(file, &name)?.password = Some(password);
                    Ok(())
                })?;
            }
            Self::OneTime { name, file } => {
                let path = file.path()?;
                find(&mut UsersFile::read(&path)?, &name)?;
                let password = new_password(&name)?;
                UsersFile::change(&path, |file| {
                    find(file, &name)?.one_time_passwords.push(password);
                    Ok(())
                })?;
            }
            Self::Verify { name, file } => {
                let mut file = UsersFile::read(&file.path()?)?;
                let hash = find(&mut file, &name)?.password.clone().ok_or("the user has no password")?;
                if !hash.is_of(read_password(&format!("Password of {name}: "))?.as_bytes())? {
                    return Err("this is not the password".into());
                }
                say("This is the password.\n");
            }
            Self::Hash => say(&format!("{}\n", new_password("the device")?)),
        }
        Ok(())
    }
}

fn find<'f>(file: &'f mut UsersFile, name: &str) -> Result<&'f mut User, String> {
    file.users.iter_mut().find(|user| user.name == name).ok_or_else(|| format!("there is no user {name:?}"))
}

fn described(user: &User) -> String {
    let mut text = user.name.clone();
    if user.password.is_none() {
        text.push_str(", no password");
    }
    match user.one_time_passwords.len() {
        0 => {}
        1 => text.push_str(", 1 one-time password"),
        count => text.push_str(&format!(", {count} one-time passwords")),
    }
    if let Some(certificates) = &user.certificates {
        text.push_str(&format!(", certificates: {}", certificates.join(", ")));
    }
    if let Some(groups) = &user.groups {
        text.push_str(&format!(", groups: {}", groups.join(", ")));
    }
    text.push('\n');
    text
}

fn new_password(name: &str) -> Result<PasswordHash, Box<dyn std::error::Error>> {
    let password = read_password(&format!("Password of {name}: "))?;
    if password.is_empty() {
        return Err("an empty password is none".into());
    }
    if io::stdin().is_terminal() && *read_password("The same again: ")? != *password {
        return Err("these are two different passwords".into());
    }
    Ok(PasswordHash::new(password.as_bytes())?)
}

/// Asks for a password without showing it, or takes the first line of what is not a terminal.
fn read_password(prompt: &str) -> io::Result<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(Zeroizing::new);
    }
    // With room for any password, so that no part of it stays where the text grew out of.
    let mut line = Zeroizing::new(String::with_capacity(1024));
    io::stdin().lock().read_line(&mut line)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}
