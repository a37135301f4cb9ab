//! `kmip-server master-key` and `kmip-server unseal`.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use super::{Done, Source, say};
use crate::seal::{
    self, Gathered, KeyFile, KeyOrigin, MasterKey, MasterKeySource as _, Protected, SecretSource, Share,
};
use crate::wipe::Wiped;

/// Makes a master key.
#[derive(Args, Debug)]
pub(super) struct NewMasterKey {
    /// The file; one that is there already is left alone
    #[arg(required_unless_present = "shares")]
    file: Option<PathBuf>,
    /// Keeps it under a passphrase, asked for, or taken from FILE, env:NAME, fd:NUMBER or command:COMMAND
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, require_equals = true, default_missing_value = "ask")]
    passphrase: Option<SecretSource>,
    /// Prints it in so many shares, and writes it nowhere
    #[arg(long, value_name = "N", requires = "threshold", conflicts_with_all = ["file", "passphrase"])]
    shares: Option<u8>,
    /// How many of the shares make the key again
    #[arg(long, value_name = "M", requires = "shares")]
    threshold: Option<u8>,
    /// Takes this master key instead of a new one: FILE, env:NAME, fd:NUMBER, command:COMMAND; or `shares`, asked for
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
}

impl NewMasterKey {
    pub(super) fn run(self) -> Done {
        let key = match self.from.as_deref() {
            None => MasterKey::generate()?,
            Some("shares") => gather()?,
            Some(source) => KeyOrigin { source: source.parse()?, passphrase: None }.load()?,
        };
        if let (Some(shares), Some(threshold)) = (self.shares, self.threshold) {
            for share in Share::split(&key, shares, threshold)? {
                say(&share.to_text()?);
                say("\n");
            }
            return Ok(());
        }
        let text = match &self.passphrase {
            Some(source) => Protected::new(&key, &new_passphrase(source)?)?.to_text(),
            None => key.to_text(),
        };
        let file = self.file.ok_or("say in which file")?;
        Ok(KeyFile::new(file).keep(&text)?)
    }
}

/// A passphrase for something new: at a terminal it is asked for twice.
pub(crate) fn new_passphrase(source: &SecretSource) -> Result<Wiped, Box<dyn std::error::Error>> {
    let passphrase = source.passphrase()?;
    if *source == SecretSource::Terminal && source.passphrase()? != passphrase {
        return Err("these are two different passphrases".into());
    }
    Ok(passphrase)
}

/// Puts a master key together from shares that are typed in.
pub(super) fn gather() -> Result<MasterKey, Box<dyn std::error::Error>> {
    let mut gathered = Gathered::default();
    loop {
        let Some(line) = ask_share()? else { return Err("there are too few shares".into()) };
        if let Some(key) = gathered.add(line.parse()?)? {
            return Ok(key);
        }
    }
}

/// Gives shares of the master key to a server that waits for them.
#[derive(Args, Debug)]
pub(super) struct Unseal {
    /// The socket, if the configuration doesn't say it
    socket: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

impl Unseal {
    pub(super) fn run(self) -> Done {
        let socket = match self.socket {
            Some(socket) => socket,
            None => match self.source.layers()?.at_rest(None)?.master_key.source {
                SecretSource::Shares(socket) => socket,
                other => return Err(format!("the master key comes from {other}, not from shares").into()),
            },
        };
        let mut refused = None;
        while let Some(share) = ask_share()? {
            let answer = seal::give(&socket, &share)
                .map_err(|error| format!("no server waits for shares at {}: {error}", socket.display()))?;
            say(&format!("{answer}\n"));
            if answer == "done" {
                return Ok(());
            }
            refused = answer.starts_with("refused").then_some(answer);
        }
        refused.map_or(Ok(()), |answer| Err(answer.into()))
    }
}

/// The next share: asked for without being shown, or a line of what is not a terminal. None when there are no more.
fn ask_share() -> io::Result<Option<Zeroizing<String>>> {
    let line = if io::stdin().is_terminal() {
        Zeroizing::new(rpassword::prompt_password("Share (nothing to end): ")?)
    } else {
        let mut line = Zeroizing::new(String::with_capacity(512));
        io::stdin().lock().read_line(&mut line)?;
        line
    };
    Ok(if line.trim().is_empty() { None } else { Some(line) })
}
