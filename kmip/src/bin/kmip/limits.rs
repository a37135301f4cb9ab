//! What an object may still be used for: `kmip check-object`, `get-usage-allocation`, `obtain-lease`, `archive`, `recover`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::calls::Usage,
    ttlv::{Interval, Tag, Value},
    types::CryptographicUsageMask,
};
use serde_json::json;

use super::{connect::Connection, failure::Result, lifecycle::done, output::Output, show, values};

/// Asks whether an object may be used in a way; the exit status is 0 if so, and else 1.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip check-object ID --usage Encrypt
  kmip check-object ID --count 1000 --lease 3600")]
pub(crate) struct CheckObject {
    /// The object's identifier.
    id: String,

    /// What for, such as Encrypt,Decrypt.
    #[arg(long, value_parser = values::usage)]
    usage: Option<CryptographicUsageMask>,

    /// For how much, in the unit of the object's Usage Limits.
    #[arg(long, value_name = "N")]
    count: Option<i64>,

    /// For how many seconds.
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u32>,
}

/// Sets aside a part of what an object may still protect.
#[derive(Args, Debug)]
pub(crate) struct GetUsageAllocation {
    /// The object's identifier.
    id: String,

    /// How much, in the unit of the object's Usage Limits.
    count: i64,
}

/// Asks how long an object may be used without asking again; prints the seconds.
#[derive(Args, Debug)]
pub(crate) struct ObtainLease {
    /// The object's identifier.
    id: String,
}

/// Puts an object into the archive, where it can't be used.
#[derive(Args, Debug)]
pub(crate) struct Archive {
    /// The object's identifier.
    id: String,
}

/// Brings an object back from the archive.
#[derive(Args, Debug)]
pub(crate) struct Recover {
    /// The object's identifier.
    id: String,
}

impl CheckObject {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let wanted = Usage { count: self.count, mask: self.usage, lease_time: self.lease.map(Interval) };
        let refused = connection.open()?.check(&self.id, wanted)?;
        let is_allowed = refused == Usage::default();
        if output.is_json() {
            let mask = refused.mask.map(mask_text);
            let lease = refused.lease_time.map(|lease| lease.0);
            output.json(&json!({
                "id": self.id, "allowed": is_allowed,
                "refused": { "count": refused.count, "usage": mask, "lease": lease },
            }))?;
        } else if is_allowed {
            output.say(format_args!("{} may be used so", self.id));
        } else {
            let mut rows = Vec::new();
            let mut row = |name: &str, value: Option<String>| {
                rows.extend(value.map(|value| vec![name.to_owned(), value]));
            };
            row("Usage Limits Count", refused.count.map(|count| count.to_string()));
            row("Cryptographic Usage Mask", refused.mask.map(mask_text));
            row("Lease Time", refused.lease_time.map(|lease| format!("{} s", lease.0)));
            output.rows(&["Not allowed", "Value"], rows)?;
        }
        Ok(if is_allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn mask_text(mask: CryptographicUsageMask) -> String {
    show::text(&Value::Integer(mask.bits().cast_signed()), Tag::CryptographicUsageMask)
}

impl GetUsageAllocation {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.get_usage_allocation(&self.id, self.count)?;
        done(&self.id, "allocated", output)
    }
}

impl ObtainLease {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let lease = connection.open()?.obtain_lease(&self.id)?;
        if output.is_json() {
            let changed = lease.last_change.to_string();
            output.json(&json!({ "id": self.id, "lease": lease.time.0, "lastChange": changed }))?;
        } else {
            output.line(lease.time.0)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Archive {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.archive(&self.id)?;
        done(&self.id, "archived", output)
    }
}

impl Recover {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.recover(&self.id)?;
        done(&self.id, "recovered", output)
    }
}
