//! The rules of Python, as uv has them.
