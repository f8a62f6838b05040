namespace Broker.Grains.Channels;

/// <summary>The messages that a channel gave up and that are not in its store yet, in the order in which that was.</summary>
internal sealed class DyingMessages
{
    // What expires comes by the thousand, and costs no time but this: more of it waits where it is.
    private const int MostExpired = 1_024;

    private readonly List<DyingMessage> _messages = [];

    /// <summary>The messages.</summary>
    public IReadOnlyList<DyingMessage> All => _messages;

    /// <summary>How many there were in all.</summary>
    public long Total { get; private set; }

    /// <summary>Whether a message that has expired may be added.</summary>
    public bool HasRoom => _messages.Count < MostExpired;

    /// <summary>Adds a message.</summary>
    public void Add(in DyingMessage message)
    {
        Total++;
        _messages.Add(message);
    }

    /// <summary>Forgets the first.</summary>
    public void Remove(int count) => _messages.RemoveRange(0, count);
}
