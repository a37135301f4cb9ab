// By its type it is found, not by its tag.
use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(by = item_type))]
enum Place {
    #[ttlv(tag = 0x540003)]
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
