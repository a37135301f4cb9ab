use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(by = item_type))]
enum Place {
    #[ttlv(when(1, 2))]
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
