using System.Buffers.Binary;

namespace Broker.Tests.Client;

/// <summary>
/// Snappy's framing format written down a second time, as its specification has it and without compressing: uncompressed
/// chunks and hand-made literals are all that a test server needs, and nothing here is shared with the client.
/// </summary>
internal sealed class SnappyFrames(Stream inner) : Stream
{
    private bool _opened;
    private bool _literal;
    private MemoryStream _plain = new();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_plain.Position == _plain.Length)
        {
            byte[] header = new byte[4];
            if (await inner.ReadAtLeastAsync(header, 4, throwOnEndOfStream: false, cancellationToken) < 4) return 0;
            byte[] chunk = new byte[header[1] | header[2] << 8 | header[3] << 16];
            await inner.ReadExactlyAsync(chunk, cancellationToken);
            if (header[0] == 0xff)
            {
                Assert.Equal("sNaPpY"u8.ToArray(), chunk);
                continue;
            }
            byte[] plain = header[0] == 0 ? IronSnappy.Snappy.Decode(chunk.AsSpan(4)) : chunk[4..];
            Assert.Equal(Checksum(plain), BinaryPrimitives.ReadUInt32LittleEndian(chunk));
            _plain = new MemoryStream(plain);
        }
        return await _plain.ReadAsync(buffer, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_opened) await inner.WriteAsync(new byte[] { 0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59 }, cancellationToken);
        // A chunk that readers must skip, once.
        if (!_opened) await inner.WriteAsync(new byte[] { 0xfe, 2, 0, 0, 0, 0 }, cancellationToken);
        _opened = true;
        while (buffer.Length > 0)
        {
            byte[] plain = buffer[..Math.Min(60, buffer.Length)].ToArray();
            buffer = buffer[plain.Length..];
            // In turn as it is, and as a snappy block of one literal.
            byte[] data = _literal ? [(byte)plain.Length, (byte)((plain.Length - 1) << 2), .. plain] : plain;
            byte[] chunk = new byte[8 + data.Length];
            BinaryPrimitives.WriteInt32LittleEndian(chunk, (4 + data.Length) << 8 | (_literal ? 0 : 1));
            BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(4), Checksum(plain));
            data.CopyTo(chunk, 8);
            _literal = !_literal;
            await inner.WriteAsync(chunk, cancellationToken);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static uint Checksum(byte[] plain)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in plain)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0x82F63B78;
        }
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }
}
