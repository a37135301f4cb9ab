use kmip_derive::Encode;

#[derive(Encode)]
struct Slot {
    #[ttlv(tag = 0x540002, single(until = "1.1"))]
    frame: Option<i32>,
}

fn main() {}
