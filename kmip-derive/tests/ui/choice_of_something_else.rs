use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(of = item_type))]
enum Place {
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
