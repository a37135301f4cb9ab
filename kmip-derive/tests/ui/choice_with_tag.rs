// An enum has no tag: the field that it is in has.
use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(tag = 0x540001)]
enum Place {
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
