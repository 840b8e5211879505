//! What every rule returns.

use super::token::Token;

/// Tokens found at a place, and the lexeme to go on from.
pub(super) type Found = Option<(Vec<Token>, usize)>;
