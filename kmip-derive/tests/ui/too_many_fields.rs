// Which fields were seen is kept in 64 bits.
use kmip_derive::Decode;

#[derive(Decode)]
struct Slots {
    #[ttlv(tag = 0x540001)]
    field_1: i32,
    #[ttlv(tag = 0x540002)]
    field_2: i32,
    #[ttlv(tag = 0x540003)]
    field_3: i32,
    #[ttlv(tag = 0x540004)]
    field_4: i32,
    #[ttlv(tag = 0x540005)]
    field_5: i32,
    #[ttlv(tag = 0x540006)]
    field_6: i32,
    #[ttlv(tag = 0x540007)]
    field_7: i32,
    #[ttlv(tag = 0x540008)]
    field_8: i32,
    #[ttlv(tag = 0x540009)]
    field_9: i32,
    #[ttlv(tag = 0x54000a)]
    field_10: i32,
    #[ttlv(tag = 0x54000b)]
    field_11: i32,
    #[ttlv(tag = 0x54000c)]
    field_12: i32,
    #[ttlv(tag = 0x54000d)]
    field_13: i32,
    #[ttlv(tag = 0x54000e)]
    field_14: i32,
    #[ttlv(tag = 0x54000f)]
    field_15: i32,
    #[ttlv(tag = 0x540010)]
    field_16: i32,
    #[ttlv(tag = 0x540011)]
    field_17: i32,
    #[ttlv(tag = 0x540012)]
    field_18: i32,
    #[ttlv(tag = 0x540013)]
    field_19: i32,
    #[ttlv(tag = 0x540014)]
    field_20: i32,
    #[ttlv(tag = 0x540015)]
    field_21: i32,
    #[ttlv(tag = 0x540016)]
    field_22: i32,
    #[ttlv(tag = 0x540017)]
    field_23: i32,
    #[ttlv(tag = 0x540018)]
    field_24: i32,
    #[ttlv(tag = 0x540019)]
    field_25: i32,
    #[ttlv(tag = 0x54001a)]
    field_26: i32,
    #[ttlv(tag = 0x54001b)]
    field_27: i32,
    #[ttlv(tag = 0x54001c)]
    field_28: i32,
    #[ttlv(tag = 0x54001d)]
    field_29: i32,
    #[ttlv(tag = 0x54001e)]
    field_30: i32,
    #[ttlv(tag = 0x54001f)]
    field_31: i32,
    #[ttlv(tag = 0x540020)]
    field_32: i32,
    #[ttlv(tag = 0x540021)]
    field_33: i32,
    #[ttlv(tag = 0x540022)]
    field_34: i32,
    #[ttlv(tag = 0x540023)]
    field_35: i32,
    #[ttlv(tag = 0x540024)]
    field_36: i32,
    #[ttlv(tag = 0x540025)]
    field_37: i32,
    #[ttlv(tag = 0x540026)]
    field_38: i32,
    #[ttlv(tag = 0x540027)]
    field_39: i32,
    #[ttlv(tag = 0x540028)]
    field_40: i32,
    #[ttlv(tag = 0x540029)]
    field_41: i32,
    #[ttlv(tag = 0x54002a)]
    field_42: i32,
    #[ttlv(tag = 0x54002b)]
    field_43: i32,
    #[ttlv(tag = 0x54002c)]
    field_44: i32,
    #[ttlv(tag = 0x54002d)]
    field_45: i32,
    #[ttlv(tag = 0x54002e)]
    field_46: i32,
    #[ttlv(tag = 0x54002f)]
    field_47: i32,
    #[ttlv(tag = 0x540030)]
    field_48: i32,
    #[ttlv(tag = 0x540031)]
    field_49: i32,
    #[ttlv(tag = 0x540032)]
    field_50: i32,
    #[ttlv(tag = 0x540033)]
    field_51: i32,
    #[ttlv(tag = 0x540034)]
    field_52: i32,
    #[ttlv(tag = 0x540035)]
    field_53: i32,
    #[ttlv(tag = 0x540036)]
    field_54: i32,
    #[ttlv(tag = 0x540037)]
    field_55: i32,
    #[ttlv(tag = 0x540038)]
    field_56: i32,
    #[ttlv(tag = 0x540039)]
    field_57: i32,
    #[ttlv(tag = 0x54003a)]
    field_58: i32,
    #[ttlv(tag = 0x54003b)]
    field_59: i32,
    #[ttlv(tag = 0x54003c)]
    field_60: i32,
    #[ttlv(tag = 0x54003d)]
    field_61: i32,
    #[ttlv(tag = 0x54003e)]
    field_62: i32,
    #[ttlv(tag = 0x54003f)]
    field_63: i32,
}

fn main() {}
