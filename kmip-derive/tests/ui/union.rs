// A union says nothing of what is in it.
use kmip_derive::Encode;

#[derive(Encode)]
union Slot {
    #[ttlv(tag = 0x540001)]
    frame: i32,
}

fn main() {}
