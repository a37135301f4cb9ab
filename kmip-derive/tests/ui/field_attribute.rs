// An attribute that is misspelled is not passed over.
use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = 0x540002, sinse = "1.2")]
    frame: Option<i32>,
}

fn main() {}
