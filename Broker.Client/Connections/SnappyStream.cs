using System.Buffers.Binary;
using System.Numerics;
using IronSnappy;

namespace Broker.Client;

/// <summary>Snappy's framing format over another stream: each write leaves as whole chunks, at once.</summary>
internal sealed class SnappyStream(Stream inner) : Stream
{
    private const int MaxChunkPlain = 64 << 10;
    private const int ChecksumSize = 4;
    private const int HeaderSize = 4;

    // A chunk says its size in 24 bits; one of more than this cannot hold 64 KiB of plain bytes.
    private const int MaxChunkSize = ChecksumSize + 32 + MaxChunkPlain + (MaxChunkPlain / 6);

    private static readonly byte[] StreamIdentifier = [0xff, 6, 0, 0, .. "sNaPpY"u8];

    private readonly byte[] _header = new byte[HeaderSize];
    private readonly byte[] _chunk = new byte[MaxChunkSize];
    private readonly byte[] _output = new byte[HeaderSize + MaxChunkSize];
    private ReadOnlyMemory<byte> _plain;
    private bool _opened;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_plain.IsEmpty)
        {
            if (!await ReadChunkAsync(cancellationToken).ConfigureAwait(false)) return 0;
        }
        int count = Math.Min(buffer.Length, _plain.Length);
        _plain[..count].CopyTo(buffer);
        _plain = _plain[count..];
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_opened)
        {
            _opened = true;
            await inner.WriteAsync(StreamIdentifier, cancellationToken).ConfigureAwait(false);
        }
        while (!buffer.IsEmpty)
        {
            ReadOnlyMemory<byte> plain = buffer[..Math.Min(MaxChunkPlain, buffer.Length)];
            await inner.WriteAsync(Compress(plain.Span), cancellationToken).ConfigureAwait(false);
            buffer = buffer[plain.Length..];
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private static uint MaskedChecksum(ReadOnlySpan<byte> plain)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<byte> rest = plain;
        for (; rest.Length >= sizeof(ulong); rest = rest[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(rest));
        foreach (byte b in rest)
            crc = BitOperations.Crc32C(crc, b);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xa282ead8;
    }

    private ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> plain)
    {
        ReadOnlySpan<byte> packed = Snappy.Encode(plain);
        bool smaller = packed.Length < plain.Length;
        ReadOnlySpan<byte> data = smaller ? packed : plain;
        BinaryPrimitives.WriteInt32LittleEndian(_output, (ChecksumSize + data.Length) << 8 | (int)(smaller ? ChunkType.Compressed : ChunkType.Plain));
        BinaryPrimitives.WriteUInt32LittleEndian(_output.AsSpan(HeaderSize), MaskedChecksum(plain));
        data.CopyTo(_output.AsSpan(HeaderSize + ChecksumSize));
        return _output.AsMemory(0, HeaderSize + ChecksumSize + data.Length);
    }

    private async ValueTask<bool> ReadChunkAsync(CancellationToken cancellation)
    {
        int got = await inner.ReadAtLeastAsync(_header, HeaderSize, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (got == 0) return false;
        if (got < HeaderSize) throw new EndOfStreamException("the stream ended within a snappy chunk");
        ChunkType type = (ChunkType)_header[0];
        int size = BinaryPrimitives.ReadInt32LittleEndian(_header) >>> 8;
        if (size > MaxChunkSize) throw new InvalidDataException($"a snappy chunk of {size} bytes is larger than any can be");
        await inner.ReadExactlyAsync(_chunk.AsMemory(0, size), cancellation).ConfigureAwait(false);
        switch (type)
        {
            case ChunkType.Compressed:
                CheckHasChecksum(size);
                _plain = Decode(_chunk.AsSpan(ChecksumSize, size - ChecksumSize));
                CheckSum();
                return true;
            case ChunkType.Plain:
                CheckHasChecksum(size);
                _plain = _chunk.AsMemory(ChecksumSize, size - ChecksumSize);
                CheckSum();
                return true;
            default:
                // 0x80 to 0xff may be skipped, the stream identifier among them; what lies below must be understood.
                return (byte)type >= 0x80 ? true : throw new InvalidDataException($"an unknown kind of snappy chunk, {(byte)type}");
        }
    }

    private static byte[] Decode(ReadOnlySpan<byte> packed)
    {
        try
        {
            return Snappy.Decode(packed);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidDataException("a snappy chunk is damaged", e);
        }
    }

    private static void CheckHasChecksum(int size)
    {
        if (size < ChecksumSize) throw new InvalidDataException("a snappy chunk lacks its checksum");
    }

    private void CheckSum()
    {
        if (MaskedChecksum(_plain.Span) != BinaryPrimitives.ReadUInt32LittleEndian(_chunk))
            throw new InvalidDataException("a snappy chunk is damaged: its checksum is wrong");
    }

    private enum ChunkType : byte
    {
        Compressed = 0,
        Plain = 1,
    }
}
