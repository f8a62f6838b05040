using Broker.Protocol.Lookup;

namespace Broker.Gateway.Announcing;

/// <summary>What one lookup service has been told of this broker's topics and channels.</summary>
internal sealed class Announcement
{
    private readonly Dictionary<string, IReadOnlyList<string>> _told = new(StringComparer.Ordinal);

    /// <summary>
    /// What is to be told so that the service knows a topic as it is now: pairs of topic and channel, the topic alone where there is
    /// none; of what is gone the channels one by one and then the topic (spec 4.3).
    /// </summary>
    /// <param name="topic">Name of the topic.</param>
    /// <param name="channels">Names of its channels; null when the topic is gone.</param>
    public IEnumerable<LookupCommand> Update(string topic, IReadOnlyList<string>? channels)
    {
        List<LookupCommand> commands = [];
        IReadOnlyList<string>? told = _told.GetValueOrDefault(topic);
        commands.AddRange((told ?? []).Except(channels ?? []).Select(channel => new LookupCommand(false, topic, channel)));
        if (channels is null)
        {
            if (told is not null)
                commands.Add(new LookupCommand(false, topic, null));
            _told.Remove(topic);
            return commands;
        }
        if (told is null && channels.Count == 0)
            commands.Add(new LookupCommand(true, topic, null));
        commands.AddRange(channels.Except(told ?? []).Select(channel => new LookupCommand(true, topic, channel)));
        _told[topic] = channels;
        return commands;
    }
}
