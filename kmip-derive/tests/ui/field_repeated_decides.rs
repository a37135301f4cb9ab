// Which of them would it be?
use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = 0x540002, decides)]
    kind: Vec<u32>,
}

fn main() {}
