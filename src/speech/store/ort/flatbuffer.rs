//! Reading flatbuffers, every offset checked.

/// The file is not an `.ort` file that can be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrtError {
    /// The identifier of `.ort` files is not there.
    #[error("it is not an .ort file")]
    NotOrt,
    /// An offset leads out of the file.
    #[error("it is damaged at byte {0}")]
    Damaged(usize),
    /// A field that must be there is not.
    #[error("its {0} is missing")]
    Missing(&'static str),
    /// An attribute of a type that no model here uses.
    #[error("an attribute has the unknown type {0}")]
    Attribute(i32),
    /// Graphs within graphs beyond reason, or nodes that wait for each other.
    #[error("its graph is not a finite tree of ordered nodes")]
    Graph,
}

/// A table of the file: fields by slot number, absent ones at their defaults.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    file: &'a [u8],
    at: usize,
}

type Result<T> = std::result::Result<T, OrtError>;

impl<'a> Table<'a> {
    /// The root table of an `.ort` file.
    pub(super) fn root(file: &'a [u8]) -> Result<Self> {
        if file.get(4..8) != Some(b"ORTM") {
            return Err(OrtError::NotOrt);
        }
        Ok(Self { file, at: follow(file, 0)? })
    }

    /// The position of a field's value, if the field is there.
    fn field(&self, slot: usize) -> Result<Option<usize>> {
        let damaged = OrtError::Damaged(self.at);
        let back = i32::from_le_bytes(array(self.file, self.at)?);
        let vtable = self.at.checked_add_signed(-(back as isize)).ok_or(damaged)?;
        let entry = 4 + 2 * slot;
        if entry >= u16_at(self.file, vtable)? {
            return Ok(None);
        }
        let offset = u16_at(self.file, vtable.checked_add(entry).ok_or(damaged)?)?;
        Ok((offset != 0).then_some(self.at + offset))
    }

    fn scalar<const N: usize>(&self, slot: usize) -> Result<[u8; N]> {
        self.field(slot)?.map_or(Ok([0; N]), |at| array(self.file, at))
    }

    pub(super) fn u8(&self, slot: usize) -> Result<u8> {
        self.scalar(slot).map(u8::from_le_bytes)
    }

    pub(super) fn i32(&self, slot: usize) -> Result<i32> {
        self.scalar(slot).map(i32::from_le_bytes)
    }

    pub(super) fn i64(&self, slot: usize) -> Result<i64> {
        self.scalar(slot).map(i64::from_le_bytes)
    }

    pub(super) fn f32(&self, slot: usize) -> Result<f32> {
        self.scalar(slot).map(f32::from_le_bytes)
    }

    pub(super) fn table(&self, slot: usize) -> Result<Option<Self>> {
        let Some(at) = self.field(slot)? else {
            return Ok(None);
        };
        Ok(Some(Self { file: self.file, at: follow(self.file, at)? }))
    }

    /// A string or a vector of bytes; `None` when absent.
    pub(super) fn bytes(&self, slot: usize) -> Result<Option<&'a [u8]>> {
        self.field(slot)?.map(|at| byte_vector(self.file, at)).transpose()
    }

    /// A string, empty when absent.
    pub(super) fn text(&self, slot: usize) -> Result<&'a [u8]> {
        Ok(self.bytes(slot)?.unwrap_or_default())
    }

    pub(super) fn tables(&self, slot: usize) -> Result<Vec<Self>> {
        let at = |(at, _)| Ok(Self { file: self.file, at: follow(self.file, at)? });
        self.elements::<4>(slot)?.into_iter().map(at).collect()
    }

    pub(super) fn texts(&self, slot: usize) -> Result<Vec<&'a [u8]>> {
        self.elements::<4>(slot)?.into_iter().map(|(at, _)| byte_vector(self.file, at)).collect()
    }

    pub(super) fn i64s(&self, slot: usize) -> Result<Vec<i64>> {
        Ok(self.elements(slot)?.into_iter().map(|(_, b)| i64::from_le_bytes(b)).collect())
    }

    pub(super) fn f32s(&self, slot: usize) -> Result<Vec<f32>> {
        Ok(self.elements(slot)?.into_iter().map(|(_, b)| f32::from_le_bytes(b)).collect())
    }

    /// The elements of a vector, `N` bytes each, with their positions.
    fn elements<const N: usize>(&self, slot: usize) -> Result<Vec<(usize, [u8; N])>> {
        let Some(at) = self.field(slot)? else {
            return Ok(Vec::new());
        };
        let vector = follow(self.file, at)?;
        let count = u32_at(self.file, vector)?;
        let start = vector + 4;
        let end = count.checked_mul(N).and_then(|length| start.checked_add(length));
        let body = end.and_then(|end| self.file.get(start..end)).ok_or(OrtError::Damaged(vector))?;
        let (elements, _) = body.as_chunks::<N>();
        Ok(elements.iter().enumerate().map(|(k, bytes)| (start + k * N, *bytes)).collect())
    }
}

fn byte_vector(file: &[u8], at: usize) -> Result<&[u8]> {
    let vector = follow(file, at)?;
    let (start, length) = (vector + 4, u32_at(file, vector)?);
    let end = start.checked_add(length).ok_or(OrtError::Damaged(vector))?;
    file.get(start..end).ok_or(OrtError::Damaged(vector))
}

/// The position that the relative offset at `at` leads to.
fn follow(file: &[u8], at: usize) -> Result<usize> {
    at.checked_add(u32_at(file, at)?).filter(|to| *to < file.len()).ok_or(OrtError::Damaged(at))
}

fn u16_at(file: &[u8], at: usize) -> Result<usize> {
    array(file, at).map(|bytes| usize::from(u16::from_le_bytes(bytes)))
}

fn u32_at(file: &[u8], at: usize) -> Result<usize> {
    array(file, at).map(|bytes| u32::from_le_bytes(bytes) as usize)
}

fn array<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N]> {
    file.get(at..).and_then(|rest| rest.first_chunk().copied()).ok_or(OrtError::Damaged(at))
}
