use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = 0x540002, required(after = "1.2"))]
    frame: Option<i32>,
}

fn main() {}
