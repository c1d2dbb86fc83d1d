#:property ManagePackageVersionsCentrally=false
#:package SkiaSharp@3.119.0
#:package SkiaSharp.NativeAssets.Linux.NoDependencies@3.119.0
// Draws the icon of the packages: dotnet run assets/make-icon.cs assets/icon.png
// A speech bubble, and in it what makes a GPT one: every word looks at those before it.
using SkiaSharp;

const int Size = 128;
using var bitmap = new SKBitmap(Size, Size);
using var canvas = new SKCanvas(bitmap);
canvas.Clear(SKColors.Transparent);

using var ground = new SKPaint
{
    IsAntialias = true,
    Shader = SKShader.CreateLinearGradient(
        new SKPoint(0, 0), new SKPoint(Size, Size), [new SKColor(0x51, 0x2B, 0xD4), new SKColor(0x1B, 0x7F, 0xC4)], SKShaderTileMode.Clamp),
};
canvas.DrawRoundRect(new SKRect(0, 0, Size, Size), 26, 26, ground);

using var white = new SKPaint { IsAntialias = true, Color = SKColors.White };
canvas.DrawRoundRect(new SKRect(18, 16, 110, 96), 14, 14, white);
using var tail = new SKPath();
tail.MoveTo(34, 90);
tail.LineTo(30, 116);
tail.LineTo(60, 94);
tail.Close();
canvas.DrawPath(tail, white);

// The causal mask of five words: a row looks at itself and at what stands before.
const float First = 30, Step = 14.2f, Square = 11;
for (var row = 0; row < 5; row++)
{
    for (var column = 0; column < 5; column++)
    {
        var alpha = column > row ? (byte)24 : (byte)(255 - (36 * (row - column)));
        using var square = new SKPaint { IsAntialias = true, Color = new SKColor(0x51, 0x2B, 0xD4, alpha) };
        var (x, y) = (First + (column * Step), 22 + (row * Step));
        canvas.DrawRoundRect(new SKRect(x, y, x + Square, y + Square), 2.5f, 2.5f, square);
    }
}

using var image = SKImage.FromBitmap(bitmap);
using var png = image.Encode(SKEncodedImageFormat.Png, 100);
File.WriteAllBytes(args[0], png.ToArray());
