use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(unknown)]
    one: Vec<u8>,
    #[ttlv(unknown)]
    two: Vec<u8>,
}

fn main() {}
