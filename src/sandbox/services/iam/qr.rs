//! The QR code of a virtual MFA device, as a PNG.

use awsim_core::AwsError;
use qrcode::{Color, QrCode};

/// Pixels per module.
const SCALE: usize = 4;
/// Modules of white around the code, as the standard asks for.
const QUIET: usize = 4;

/// Draws the QR code of a text as a black and white PNG.
pub(super) fn png(text: &str) -> Result<Vec<u8>, AwsError> {
    let broken = |error: &dyn std::fmt::Display| AwsError::internal(format!("no QR code: {error}"));
    let code = QrCode::new(text).map_err(|error| broken(&error))?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = (width + 2 * QUIET) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < width);
        let place = inside(y).zip(inside(x)).map(|(y, x)| y * width + x);
        place.and_then(|place| modules.get(place)) == Some(&Color::Dark)
    };
    let pixels: Vec<u8> = (0..side)
        .flat_map(|y| (0..side).map(move |x| (x, y)))
        .map(|(x, y)| if is_dark(x, y) { 0 } else { 255 })
        .collect();
    let mut image = Vec::new();
    let pixels_wide = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut image, pixels_wide, pixels_wide);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| broken(&error))?;
    writer.write_image_data(&pixels).map_err(|error| broken(&error))?;
    writer.finish().map_err(|error| broken(&error))?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_shows_the_modules_of_the_code() {
        let text = "otpauth://totp/d@123456789012?secret=ABC";
        let image = png(text).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(image)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let side = reader.next_frame(&mut pixels).unwrap().width as usize;
        let code = QrCode::new(text).unwrap();
        assert_eq!(side, (code.width() + 2 * QUIET) * SCALE);
        for (place, color) in code.to_colors().into_iter().enumerate() {
            let (x, y) = (place % code.width() + QUIET, place / code.width() + QUIET);
            let pixel = pixels[(y * SCALE + 1) * side + x * SCALE + 1];
            assert_eq!(pixel == 0, color == Color::Dark, "{x} {y}");
        }
        assert!(pixels[..side * QUIET * SCALE].iter().all(|pixel| *pixel == 255));
    }
}
