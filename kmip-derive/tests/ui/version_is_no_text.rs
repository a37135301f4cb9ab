// 1.10 as a number would be 1.1.
use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = 0x540002, since = 1.2)]
    frame: Option<i32>,
}

fn main() {}
