//! The canonical writer.

use super::Value;

/// Appends the encoding of `value` to `out`.
///
/// Values deeper than [`super::DEPTH_MAX`] or longer than [`super::STRING_BYTES_MAX`] are written as they are;
/// no reader takes them. The protocols' own types cannot hold such values.
///
/// # Panics
/// If a string or raw value is 2 GiB or longer.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0x00),
        Value::Boolean(false) => out.push(0x10),
        Value::Boolean(true) => out.push(0x11),
        Value::Integer(value) => write_integer(0x20, *value, out),
        Value::Float(value) => {
            out.push(0x38);
            out.extend_from_slice(&value.to_bits().to_be_bytes());
        }
        Value::String(value) => write_counted(0x40, value.as_bytes(), out),
        Value::Raw(value) => write_counted(0x50, value, out),
        Value::List(items) => {
            out.push(0x60);
            for item in items {
                write(item, out);
            }
            out.push(0x80);
        }
        Value::Dictionary(entries) => {
            out.push(0x70);
            for (name, item) in entries.iter() {
                write_counted(0x40, name.as_bytes(), out);
                write(item, out);
            }
            out.push(0x80);
        }
    }
}

fn write_counted(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let length = i32::try_from(bytes.len()).expect("strings and raw values are below 2 GiB");
    write_integer(kind, length.into(), out);
    out.extend_from_slice(bytes);
}

fn write_integer(kind: u8, value: i64, out: &mut Vec<u8>) {
    if let Ok(value) = i8::try_from(value) {
        out.push(kind | 1);
        out.extend_from_slice(&value.to_be_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        out.push(kind | 2);
        out.extend_from_slice(&value.to_be_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        out.push(kind | 4);
        out.extend_from_slice(&value.to_be_bytes());
    } else {
        out.push(kind | 8);
        out.extend_from_slice(&value.to_be_bytes());
    }
}
