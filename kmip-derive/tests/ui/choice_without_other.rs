// What a later version may put there has to have a place.
use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(by = item_type))]
enum Place {
    Shelf(i32),
}

fn main() {}
