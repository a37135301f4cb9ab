// A field of a plain type is required without being told so.
use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = 0x540002, required(since = "1.2"))]
    frame: i32,
}

fn main() {}
