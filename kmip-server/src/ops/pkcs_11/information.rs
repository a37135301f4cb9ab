//! What the server says of itself as a PKCS#11 library: one slot, and in it a token that gives random numbers.

use super::codec::Output;
use crate::engine::Context;

/// CK_INFO (PKCS#11 3.0 §3.1).
pub(super) fn library(cx: &Context<'_>) -> Output {
    let (major, minor) = version();
    Output::default()
        .version(3, 0)
        .text(&cx.settings().vendor, 32)
        .ulong(0)
        .text(env!("CARGO_PKG_NAME"), 32)
        .version(major, minor)
}

/// CK_SLOT_INFO.
pub(super) fn slot(cx: &Context<'_>) -> Output {
    let (major, minor) = version();
    Output::default()
        .text(env!("CARGO_PKG_NAME"), 64)
        .text(&cx.settings().vendor, 32)
        .ulong(CKF_TOKEN_PRESENT)
        .version(0, 0)
        .version(major, minor)
}

/// CK_TOKEN_INFO.
pub(super) fn token(cx: &Context<'_>, sessions: u64) -> Output {
    let (major, minor) = version();
    let settings = cx.settings();
    let output = Output::default()
        .text(settings.server_name.as_deref().unwrap_or(env!("CARGO_PKG_NAME")), 32)
        .text(&settings.vendor, 32)
        .text(env!("CARGO_PKG_NAME"), 16)
        .text("", 16)
        .ulong(CKF_RNG | CKF_WRITE_PROTECTED | CKF_TOKEN_INITIALIZED)
        .ulong(MOST_SESSIONS)
        .ulong(sessions)
        // No session that writes, and no PIN: who the client is, KMIP knows.
        .ulong(0)
        .ulong(0)
        .ulong(0)
        .ulong(0);
    let output = (0..4).fold(output, |output, _| output.ulong(CK_UNAVAILABLE_INFORMATION));
    // Without CKF_CLOCK_ON_TOKEN there is no time.
    output.version(0, 0).version(major, minor).text("", 16)
}

/// CK_SESSION_INFO: all sessions read, and are nobody's but the client's.
pub(super) fn session() -> Output {
    Output::default().ulong(SLOT).ulong(CKS_RO_PUBLIC_SESSION).ulong(CKF_SERIAL_SESSION).ulong(0)
}

/// The server's own version.
fn version() -> (u8, u8) {
    let part = |text: &str| text.parse().unwrap_or(u8::MAX);
    (part(env!("CARGO_PKG_VERSION_MAJOR")), part(env!("CARGO_PKG_VERSION_MINOR")))
}

/// The only slot.
pub(super) const SLOT: u64 = 0;

/// How many sessions are open at once at most.
pub(super) const MOST_SESSIONS: u64 = 256;

pub(super) const CKF_RW_SESSION: u64 = 0x2;
pub(super) const CKF_SERIAL_SESSION: u64 = 0x4;
const CKF_TOKEN_PRESENT: u64 = 0x1;
const CKF_RNG: u64 = 0x1;
const CKF_WRITE_PROTECTED: u64 = 0x2;
const CKF_TOKEN_INITIALIZED: u64 = 0x400;
const CKS_RO_PUBLIC_SESSION: u64 = 0;
const CK_UNAVAILABLE_INFORMATION: u64 = u64::MAX;
