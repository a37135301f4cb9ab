// There is no value for it in 1.1.
use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = 0x540002, since = "1.2")]
    frame: i32,
}

fn main() {}
