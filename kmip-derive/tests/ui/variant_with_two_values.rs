use kmip_derive::Encode;

#[derive(Encode)]
#[ttlv(choice(by = item_type))]
enum Place {
    Shelf(i32, i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
