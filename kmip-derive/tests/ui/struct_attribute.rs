// What stands on a field doesn't stand on a struct.
use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(tag = 0x540001, required)]
struct Slot {
    #[ttlv(tag = 0x540002)]
    frame: i32,
}

fn main() {}
