//! Writing protobuf messages.

/// A message under construction.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// The bytes of the message.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An integer field.
    pub(super) fn integer(&mut self, field: u32, value: i64) {
        self.key(field, 0);
        self.varint(value as u64);
    }

    /// A 32-bit float field.
    pub(super) fn float(&mut self, field: u32, value: f32) {
        self.key(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A string or bytes field.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A field that holds another message.
    pub(super) fn message(&mut self, field: u32, value: &Message) {
        self.bytes(field, &value.0);
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 128 {
            self.0.push(value as u8 | 128);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_wire_format() {
        let mut inner = Message::default();
        inner.integer(1, 150);
        let mut message = Message::default();
        message.message(3, &inner);
        message.bytes(2, b"hi");
        message.float(20, 1.0);
        message.integer(1, -1);
        let want = [0x1A, 3, 8, 0x96, 1, 0x12, 2, b'h', b'i', 0xA5, 1, 0, 0, 0x80, 0x3F, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(message.into_bytes(), want);
    }
}
