using System.Globalization;
using Broker.Bench.Sockets;
using Broker.Protocol.Client;

namespace Broker.Bench.Load;

/// <summary>All that makes up a run.</summary>
public sealed record LoadPlan
{
    private const string EphemeralSuffix = "#ephemeral";

    public required Work Work { get; init; }
    public required ServerAddress Server { get; init; }

    /// <summary>Name of the topic; of several, the part before their numbers.</summary>
    public string Topic { get; init; } = "bench";

    public int Topics { get; init; } = 1;

    /// <summary>Name of the channel; of several on one topic, the part before their numbers.</summary>
    public string Channel { get; init; } = "bench";

    /// <summary>Channels of each topic. Publishing alone creates them and leaves them unread.</summary>
    public int Channels { get; init; } = 1;

    /// <summary>Connections that publish.</summary>
    public int Producers { get; init; } = 1;

    /// <summary>Connections that consume, for each channel.</summary>
    public int Consumers { get; init; } = 1;

    /// <summary>Threads that drive the publishing connections, and as many for the consuming ones.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Bytes of a message's body.</summary>
    public int Size { get; init; } = 200;

    /// <summary>Messages of one publish: PUB for 1, MPUB for more.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Publishes of one connection that may await their answer.</summary>
    public int Pipeline { get; init; } = 1;

    /// <summary>Messages in flight that each consumer allows.</summary>
    public int Ready { get; init; } = 2500;

    /// <summary>One message of so many is requeued by consumers each time it comes; 0 for none.</summary>
    public int Poison { get; init; }

    /// <summary>Messages a second over all producers, sent on schedule whatever the server does; 0 for as fast as it answers.</summary>
    public double Rate { get; init; }

    /// <summary>How long is measured, at most.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many messages are measured, at most; 0 for no limit.</summary>
    public long Messages { get; init; }

    /// <summary>How long the work goes on before it is measured.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>How long nothing may arrive before consuming counts as over.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Bytes the server is asked to gather before it writes; -1 for none, 0 for its default.</summary>
    public int OutputBufferSize { get; init; }

    /// <summary>Milliseconds the server is asked to hold gathered messages at most; -1 for no limit, 0 for its default.</summary>
    public int OutputBufferTimeout { get; init; }

    /// <summary>Processes of the server, to read processor time and memory of; none if they are not known.</summary>
    public IReadOnlyList<int> ServerPids { get; init; } = [];

    public bool Publishes => Work is not Work.Consume;

    public bool Consumes => Work is not Work.Publish;

    /// <summary>What every connection asks the server for.</summary>
    public IdentifyRequest Identify => new()
    {
        ClientId = "bench",
        Hostname = Environment.MachineName,
        UserAgent = "Broker.Bench",
        OutputBufferSize = OutputBufferSize,
        OutputBufferTimeout = OutputBufferTimeout,
    };

    /// <summary>The topic with a 0-based number.</summary>
    public string TopicName(int index) => Numbered(Topic, index, Topics);

    /// <summary>The channel with a 0-based number, on any topic.</summary>
    public string ChannelName(int index) => Numbered(Channel, index, Channels);

    // All numbers have the same width, so that publishes to different topics have the same length.
    private static string Numbered(string name, int index, int count)
    {
        if (count == 1)
            return name;
        string suffix = name.EndsWith(EphemeralSuffix, StringComparison.Ordinal) ? EphemeralSuffix : "";
        int width = (count - 1).ToString(CultureInfo.InvariantCulture).Length;
        string number = index.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0');
        return $"{name[..^suffix.Length]}-{number}{suffix}";
    }
}
