namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>A file as the operating system shows it, and as the device has it.</summary>
internal sealed class SimulatedFile
{
    private readonly List<(long Position, byte[]? Bytes)> _unsynced = [];
    private byte[] _content;
    private byte[] _durable;
    private bool _hasFailed;

    public SimulatedFile(byte[] content)
    {
        _content = content;
        _durable = content;
    }

    public long Length => _content.Length;

    public int Read(Span<byte> buffer, long position)
    {
        int count = (int)Math.Clamp(_content.Length - position, 0, buffer.Length);
        _content.AsSpan((int)Math.Min(position, _content.Length), count).CopyTo(buffer);
        return count;
    }

    public void Write(long position, byte[] bytes)
    {
        _content = Apply(_content, position, bytes);
        _unsynced.Add((position, bytes));
    }

    public void Truncate(long length)
    {
        _content = Cut(_content, length);
        _unsynced.Add((length, null));
    }

    public void Sync()
    {
        _durable = [.. _content];
        _unsynced.Clear();
    }

    /// <summary>What a failed fsync does: the pages count as clean although they never got to the device.</summary>
    /// <param name="isToldLater">Whether it was a sync of something else that failed: then the file's own next fsync tells it.</param>
    public void LoseUnsynced(bool isToldLater)
    {
        _hasFailed |= isToldLater && _unsynced.Count > 0;
        _unsynced.Clear();
    }

    /// <summary>Whether a write back has failed that no fsync told of yet; from now on one has.</summary>
    public bool TakeFailure()
    {
        bool failed = _hasFailed;
        _hasFailed = false;
        return failed;
    }

    /// <summary>The file after the process was killed.</summary>
    public SimulatedFile AfterKill()
    {
        SimulatedFile file = new([.. _content]);
        file._durable = _durable;
        file._hasFailed = _hasFailed;
        file._unsynced.AddRange(_unsynced);
        return file;
    }

    /// <summary>The file after the power failed: of what was not synced any part may have got to the device.</summary>
    public SimulatedFile AfterPowerLoss(Random random)
    {
        byte[] content = [.. _durable];
        int mode = random.Next(4);
        foreach ((long position, byte[]? bytes) in _unsynced)
        {
            bool applies = mode == 1 || (mode > 1 && random.Next(2) == 0);
            if (!applies)
            {
                if (mode == 3)
                    break;
                continue;
            }
            if (bytes is null)
                content = Cut(content, position);
            else
                content = Apply(content, position, mode == 1 || random.Next(3) > 0 ? bytes : bytes[..random.Next(bytes.Length + 1)]);
        }
        return new SimulatedFile(content);
    }

    private static byte[] Apply(byte[] content, long position, byte[] bytes)
    {
        if (bytes.Length == 0)
            return content;
        if (content.Length < position + bytes.Length)
            Array.Resize(ref content, (int)position + bytes.Length);
        else
            content = [.. content];
        bytes.CopyTo(content, (int)position);
        return content;
    }

    private static byte[] Cut(byte[] content, long length)
    {
        content = [.. content];
        Array.Resize(ref content, (int)length);
        return content;
    }
}
