using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Broker.Protocol.Client;

namespace Broker.Bench.Floor;

/// <summary>
/// The least that a server can do for one connection: it copies published messages and appends them to a file, and for a
/// consumer it writes frames and counts FINs. What it costs is what no broker over the same sockets can undercut.
/// </summary>
internal sealed class FloorSession(FloorFile file, FloorBacklog backlog)
{
    private byte[] _received = new byte[64 * 1024];
    private int _start;
    private int _end;
    private byte[] _batch = new byte[64 * 1024];
    private int _batchSize;
    private bool _greeted;
    private bool _subscribed;
    private long _ready;
    private long _inFlight;

    /// <summary>How many messages may be written now.</summary>
    public int Credit => _subscribed ? (int)Math.Max(0, _ready - _inFlight) : 0;

    /// <summary>Copies what has arrived.</summary>
    public void Append(ReadOnlySequence<byte> bytes)
    {
        int length = (int)bytes.Length;
        if (_received.Length - _end < length)
        {
            int unread = _end - _start;
            byte[] roomier = unread + length > _received.Length ? new byte[Math.Max(2 * _received.Length, unread + length)] : _received;
            _received.AsSpan(_start, unread).CopyTo(roomier);
            (_received, _start, _end) = (roomier, 0, unread);
        }
        bytes.CopyTo(_received.AsSpan(_end));
        _end += length;
    }

    /// <summary>Carries out all complete commands, writes the answers, and returns false if the connection must end.</summary>
    public bool Execute(IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> unread = _received.AsSpan(_start, _end - _start);
        if (!_greeted && unread.Length >= CommandWriter.Magic.Length)
        {
            unread = unread[CommandWriter.Magic.Length..];
            _greeted = true;
        }
        _batchSize = 0;
        int answers = 0;
        while (_greeted && TryExecute(ref unread, output, ref answers))
        {
            // All that has arrived becomes one batch.
        }
        if (answers < 0)
            return false;
        if (_batchSize > 0)
            file.Append(_batch.AsSpan(0, _batchSize));
        for (; answers > 0; answers--)
            output.Write(Ok);
        _start = _end - unread.Length;
        if (_start == _end)
            _start = _end = 0;
        return true;
    }

    /// <summary>Writes up to as many messages as there is credit for, or fewer if that would be much at once.</summary>
    public bool Deliver(IBufferWriter<byte> output, int most)
    {
        int count = backlog.Take(Math.Min(Credit, most), out long first);
        for (int i = 0; i < count; i++)
            backlog.Write(output, first + i);
        _inFlight += count;
        return count > 0;
    }

    private static ReadOnlySpan<byte> Ok => [0, 0, 0, 6, 0, 0, 0, 0, (byte)'O', (byte)'K'];

    private bool TryExecute(ref ReadOnlySpan<byte> unread, IBufferWriter<byte> output, ref int answers)
    {
        if (_subscribed && unread.Length >= CommandWriter.FinishSize && unread.StartsWith("FIN "u8))
        {
            _inFlight--;
            unread = unread[CommandWriter.FinishSize..];
            return true;
        }
        int lineEnd = unread.IndexOf((byte)'\n');
        if (lineEnd < 0)
            return false;
        ReadOnlySpan<byte> line = unread[..lineEnd];
        ReadOnlySpan<byte> rest = unread[(lineEnd + 1)..];
        if (line.StartsWith("PUB "u8) || line.StartsWith("MPUB "u8) || line.SequenceEqual("IDENTIFY"u8))
        {
            if (rest.Length < sizeof(int))
                return false;
            int size = BinaryPrimitives.ReadInt32BigEndian(rest);
            if (rest.Length - sizeof(int) < size)
                return false;
            // Of a PUB its length goes along, of an MPUB those of its messages are inside.
            if (line[0] == 'P')
                Keep(rest[..(sizeof(int) + size)]);
            else if (line[0] == 'M')
                Keep(rest.Slice(2 * sizeof(int), size - sizeof(int)));
            unread = rest[(sizeof(int) + size)..];
            answers++;
            return true;
        }
        unread = rest;
        if (line.StartsWith("SUB "u8))
        {
            _subscribed = true;
            answers++;
        }
        else if (line.StartsWith("RDY "u8))
            _ = Utf8Parser.TryParse(line[4..], out _ready, out _);
        else if (!line.SequenceEqual("NOP"u8))
        {
            WriteError(output, $"E_INVALID invalid command {Encoding.ASCII.GetString(line)}");
            answers = -1;
            return false;
        }
        return true;
    }

    private void Keep(ReadOnlySpan<byte> records)
    {
        if (_batch.Length - _batchSize < records.Length)
            Array.Resize(ref _batch, Math.Max(2 * _batch.Length, _batchSize + records.Length));
        records.CopyTo(_batch.AsSpan(_batchSize));
        _batchSize += records.Length;
    }

    private static void WriteError(IBufferWriter<byte> output, string text)
    {
        Span<byte> header = output.GetSpan(FrameReader.HeaderSize);
        BinaryPrimitives.WriteInt32BigEndian(header, sizeof(int) + text.Length);
        BinaryPrimitives.WriteInt32BigEndian(header[sizeof(int)..], (int)FrameType.Error);
        output.Advance(FrameReader.HeaderSize);
        output.Write(Encoding.ASCII.GetBytes(text));
    }
}
