//! Generated Rust as a person would like to read it.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, File, Ident, Item, ItemMacro, Token, Type, Visibility, braced};

/// A file, formatted; of one type alone, if one is named. `None` when that is not in the file.
pub(crate) fn format(tokens: TokenStream, type_name: Option<&str>) -> Result<Option<String>, syn::Error> {
    let mut file: File = syn::parse2(tokens)?;
    if let Some(name) = type_name {
        file.items.retain(|item| is_of(item, name));
        if !file.items.iter().any(|item| !matches!(item, Item::Impl(_))) {
            return Ok(None);
        }
    }
    // What is within a macro is nobody's syntax but the macro's: the printer leaves it as one long line.
    let mut texts = Vec::new();
    for item in &mut file.items {
        if let Some(text) = as_macro(item).and_then(macro_text) {
            let place = Ident::new(&format!("{PLACE}{}", texts.len()), proc_macro2::Span::call_site());
            *item = syn::parse_quote!(const #place: () = (););
            texts.push(text);
        }
    }
    let mut formatted = prettyplease::unparse(&file);
    for (index, text) in texts.iter().enumerate() {
        formatted = formatted.replace(&format!("const {PLACE}{index}: () = ();\n"), text);
    }
    Ok(Some(formatted))
}

/// Whether an item is the type of this name, made for it, or a static named like it.
fn is_of(item: &Item, name: &str) -> bool {
    match item {
        Item::Struct(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Static(item) => item.ident == name,
        Item::Impl(item) => match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == name),
            _ => false,
        },
        Item::Macro(item) => {
            syn::parse2::<Made>(item.mac.tokens.clone()).is_ok_and(|made| made.name() == name)
        }
        _ => false,
    }
}

fn as_macro(item: &Item) -> Option<&ItemMacro> {
    match item {
        Item::Macro(item) => Some(item),
        _ => None,
    }
}

/// The call of `enumeration!` or `mask!`; none for any other.
fn macro_text(item: &ItemMacro) -> Option<String> {
    let made: Made = syn::parse2(item.mac.tokens.clone()).ok()?;
    let mut text = String::new();
    match made {
        Made::Enumeration { name, table } => {
            _ = writeln!(text, "::kmip::ttlv::enumeration! {{ {name}, table: {} }}", expression(&table));
        }
        Made::Mask { docs, name, bits, table } => {
            text.push_str("::kmip::ttlv::mask! {\n");
            write_docs(&docs, 1, &mut text);
            _ = writeln!(text, "    pub struct {name} {{");
            for bit in bits {
                write_docs(&bit.docs, 2, &mut text);
                _ = writeln!(text, "        const {} = {};", bit.name, expression(&bit.value));
            }
            _ = writeln!(text, "    }}\n    table: {}\n}}", expression(&table));
        }
    }
    Some(text)
}

/// Paths, numbers and references need no spaces.
fn expression(expression: &Expr) -> String {
    quote::ToTokens::to_token_stream(expression).to_string().replace(' ', "")
}

fn write_docs(docs: &[Attribute], depth: usize, out: &mut String) {
    for doc in docs {
        if let syn::Meta::NameValue(value) = &doc.meta
            && let Expr::Lit(literal) = &value.value
            && let syn::Lit::Str(line) = &literal.lit
        {
            _ = writeln!(out, "{}///{}", "    ".repeat(depth), line.value());
        }
    }
}

/// What the two macros take.
enum Made {
    Enumeration { name: Ident, table: Expr },
    Mask { docs: Vec<Attribute>, name: Ident, bits: Vec<Bit>, table: Expr },
}

struct Bit {
    docs: Vec<Attribute>,
    name: Ident,
    value: Expr,
}

impl Made {
    fn name(&self) -> &Ident {
        match self {
            Self::Enumeration { name, .. } | Self::Mask { name, .. } => name,
        }
    }
}

impl Parse for Made {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let table = |input: ParseStream<'_>| {
            input.parse::<Ident>()?;
            input.parse::<Token![:]>()?;
            input.parse::<Expr>()
        };
        if input.peek(syn::Ident) {
            let name = input.parse()?;
            input.parse::<Token![,]>()?;
            return Ok(Self::Enumeration { name, table: table(input)? });
        }
        let docs = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        let inner;
        braced!(inner in input);
        let mut bits = Vec::new();
        while !inner.is_empty() {
            bits.push(inner.parse()?);
        }
        Ok(Self::Mask { docs, name, bits, table: table(input)? })
    }
}

impl Parse for Bit {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let docs = input.call(Attribute::parse_outer)?;
        input.parse::<Token![const]>()?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { docs, name, value })
    }
}

/// Stands for a macro call while the rest is printed.
const PLACE: &str = "MACRO_CALL_";
