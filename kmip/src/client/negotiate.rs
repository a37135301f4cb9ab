//! Which protocol version to speak.

use super::{
    Client,
    error::{Error, Result},
};
use crate::{
    ttlv::Version,
    types::{Operation, ResultReason, tables::operation_info, version},
};

impl Client {
    /// Asks the server for its protocol versions, and takes the highest that the tables describe.
    ///
    /// # Errors
    ///
    /// When there is none, or the server can't be asked.
    pub async fn negotiate(&mut self) -> Result<Version> {
        self.negotiate_among(version::ALL).await
    }

    /// Takes the highest protocol version of those that the server speaks.
    ///
    /// # Errors
    ///
    /// When it speaks none of them, or can't be asked.
    pub async fn negotiate_among(&mut self, versions: &[Version]) -> Result<Version> {
        let mut wanted = versions.to_vec();
        wanted.sort_unstable_by(|one, other| other.cmp(one));
        let offered = self.ask_for_versions(&wanted).await?;
        let highest = offered.iter().copied().filter(|version| wanted.contains(version)).max();
        self.version = highest.ok_or(Error::NoCommonVersion(offered))?;
        Ok(self.version)
    }

    /// The protocol versions that the server speaks, the preferred one first; whatever version is in use here.
    ///
    /// # Errors
    ///
    /// When the server can't be asked.
    pub async fn versions(&mut self) -> Result<Vec<Version>> {
        self.ask_for_versions(&[]).await
    }

    /// What the server offers. The question is put in some version, too, which the server may not speak, or which lacks
    /// what goes with every request. A server that speaks, but understands the question in no version, is of 1.0, which was
    /// without it.
    async fn ask_for_versions(&mut self, wanted: &[Version]) -> Result<Vec<Version>> {
        let mut failure = None;
        for version in questions(self.version) {
            match self.at(version).discover_versions(wanted).await {
                Err(error) if error.reason() == Some(ResultReason::OperationNotSupported) => {
                    return Ok(vec![version::OLDEST]);
                }
                Err(error) if is_about_version(&error) => failure = failure.or(unless_refused(error)),
                result => return result,
            }
        }
        failure.map_or(Ok(vec![version::OLDEST]), Err)
    }
}

/// The versions that the question is put in: the one in use, and all that have it, the oldest and the newest of them before
/// the others. A server may speak a single one.
fn questions(in_use: Version) -> Vec<Version> {
    let info = operation_info(Operation::DiscoverVersions);
    let has_it = |version: &Version| info.is_some_and(|info| info.is_in(*version));
    let all: Vec<Version> = version::ALL.iter().copied().filter(has_it).collect();
    let likely = [Some(in_use).filter(has_it), all.first().copied(), all.last().copied()];
    let mut versions = Vec::with_capacity(all.len());
    for version in likely.into_iter().flatten().chain(all) {
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    versions
}

/// Whether a failure may be due to the version that the question was put in.
fn is_about_version(error: &Error) -> bool {
    let reasons = [ResultReason::InvalidMessage, ResultReason::UnsupportedProtocolVersion];
    match error {
        Error::Refused { reason, .. } => reason.is_none_or(|reason| reasons.contains(&reason)),
        // What goes with every request, such as a ticket, is not in the version; an answer in a version that no table
        // describes, or none at all.
        Error::Encode(_) | Error::Decode(_) | Error::Lost { .. } => true,
        _ => false,
    }
}

fn unless_refused(error: Error) -> Option<Error> {
    if matches!(error, Error::Refused { .. }) { None } else { Some(error) }
}
