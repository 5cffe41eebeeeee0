//! SVG into PNG, with the font of this crate alone.

use std::sync::Arc;

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb},
};

use crate::{ErrorKind, Result, Size, text};

/// The picture as PNG of `pixels`, each unit of the SVG being `scale` of them.
pub(crate) fn draw(svg: &str, scale: f64, pixels: Size) -> Result<Vec<u8>> {
    let tree = Tree::from_str(svg, &options()).map_err(ErrorKind::Pixels)?;
    let mut pixmap = Pixmap::new(pixels.width, pixels.height).ok_or_else(|| ErrorKind::Png { reason: "there are no pixels".to_owned() })?;
    #[expect(clippy::cast_possible_truncation, reason = "a scale needs no more digits than f32 has")]
    let scale = scale as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| ErrorKind::Png { reason: error.to_string() }.into())
}

/// How SVG is read: with one font, whatever the machine has.
fn options() -> Options<'static> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(text::FONT)));
    fonts.set_sans_serif_family(text::FAMILY);
    Options { fontdb: Arc::new(fonts), font_family: text::FAMILY.to_owned(), ..Options::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_font_whatever_the_machine_has() {
        let options = options();
        let faces: Vec<&str> = options.fontdb.faces().map(|face| face.post_script_name.as_str()).collect();
        assert_eq!(faces, ["DejaVuSans"]);
    }
}
