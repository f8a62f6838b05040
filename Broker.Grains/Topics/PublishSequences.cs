namespace Broker.Grains.Topics;

/// <summary>
/// Which requests of which publisher are in the log, so that one sent again after an unknown outcome is not appended twice. Requests
/// of a publisher may arrive out of order, within a window of 64.
/// </summary>
public sealed class PublishSequences
{
    private readonly Dictionary<long, Window> _windows = [];

    /// <summary>Whether a request is in the log already.</summary>
    public bool Contains(long publisher, long sequence) =>
        _windows.TryGetValue(publisher, out Window? window) && window.Contains(sequence);

    /// <summary>Notes that a request is in the log.</summary>
    public void Add(long publisher, long sequence)
    {
        if (!_windows.TryGetValue(publisher, out Window? window))
            _windows.Add(publisher, window = new Window());
        window.Add(sequence);
    }

    private sealed class Window
    {
        private long _highest;
        private ulong _below;

        // Bit n of _below stands for the sequence _highest - n.
        public bool Contains(long sequence)
        {
            long distance = _highest - sequence;
            return distance >= 0 && (distance >= 64 || (_below & (1UL << (int)distance)) != 0);
        }

        public void Add(long sequence)
        {
            long ahead = sequence - _highest;
            if (ahead > 0)
            {
                _below = ahead >= 64 ? 0 : _below << (int)ahead;
                _highest = sequence;
                _below |= 1;
                return;
            }

            if (-ahead < 64)
                _below |= 1UL << (int)-ahead;
        }
    }
}
