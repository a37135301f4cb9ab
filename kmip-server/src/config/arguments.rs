//! Every setting as an option of the command line and as an environment variable.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::{ConfigError, Kind, Layers, Origin, Setting, settings};

/// What the command line and the environment say of settings.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Vec<(&'static Setting, Vec<String>, Origin)>);

impl Overrides {
    /// Lays them over what a file says.
    ///
    /// # Errors
    /// When one is no value of its setting.
    pub fn over(&self, layers: &mut Layers) -> Result<(), ConfigError> {
        self.0.iter().try_for_each(|(setting, texts, origin)| layers.text(setting, texts, origin.clone()))
    }
}

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        settings().fold(command, |command, setting| {
            let kind = match setting.kind {
                Kind::Value => "VALUE",
                Kind::List => "LIST",
                Kind::Path => "PATH",
                Kind::Store => "URL",
                Kind::Key => "SOURCE",
                Kind::Text => "TEXT",
            };
            let about: Vec<&str> = setting.about.iter().map(|line| line.trim()).collect();
            let mut help = about.join(" ");
            if let Some(default) = setting.default.filter(|default| *default != "[]") {
                help.push_str(&format!(" [default: {}]", default.trim_matches(['[', ']', '"'])));
            }
            let action = if setting.kind == Kind::List { ArgAction::Append } else { ArgAction::Set };
            command.arg(
                Arg::new(setting.key())
                    .long(setting.flag())
                    .env(setting.variable())
                    .hide_env_values(true)
                    .value_name(kind)
                    .action(action)
                    .help(help)
                    .help_heading("Settings, each of which the configuration file may say, too")
                    // The short help names the few that are said on a command line.
                    .hide_short_help(!SHORT.contains(&&*setting.key())),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found = Self::default();
        found.update_from_arg_matches(matches)?;
        Ok(found)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in settings() {
            let key = setting.key();
            let origin = match matches.value_source(&key) {
                Some(ValueSource::CommandLine) => Origin::CommandLine(setting.flag()),
                Some(ValueSource::EnvVariable) => Origin::Environment(setting.variable()),
                _ => continue,
            };
            let texts: Vec<_> = matches.get_many::<String>(&key).into_iter().flatten().cloned().collect();
            // A variable that is there but empty is how some environments say that nothing is said.
            if matches!(origin, Origin::Environment(_)) && texts.iter().all(String::is_empty) {
                continue;
            }
            self.0.push((setting, texts, origin));
        }
        Ok(())
    }
}

/// The settings that the short help names.
const SHORT: [&str; 5] = ["listen", "store", "policies", "auth.users", "log.level"];
