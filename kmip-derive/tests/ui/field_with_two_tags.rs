// A field whose value has the tag has none of its own.
use kmip_derive::Encode;

#[derive(Encode)]
struct Slot {
    #[ttlv(tag = 0x540002, by_tag)]
    object: Option<i32>,
}

fn main() {}
