using System.CommandLine;
using Broker.Bench.Load;
using Broker.Bench.Sockets;

namespace Broker.Bench.Commands;

/// <summary>The flags that make up a plan.</summary>
internal sealed class LoadOptions
{
    private const int PipelineOnSchedule = 100;

    private static readonly TimeSpan UsualWarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UsualDuration = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UsualIdle = TimeSpan.FromSeconds(2);

    private readonly Option<string> _topic = new("--topic") { Description = "topic; of several, the part before their numbers", DefaultValueFactory = _ => "bench" };
    private readonly NumberOption<int> _topics = new("--topics", "number of topics", 1, 1);
    private readonly Option<string> _channel = new("--channel") { Description = "channel; of several, the part before their numbers", DefaultValueFactory = _ => "bench" };
    private readonly NumberOption<int> _channels = new("--channels", "channels of each topic; publish creates them and leaves them unread", 1, 0);
    private readonly NumberOption<int> _connections = new("--connections", "the same as --producers or --consumers, whichever the work has", 1, 1);
    private readonly NumberOption<int> _producers = new("--producers", "connections that publish", 1, 1);
    private readonly NumberOption<int> _consumers = new("--consumers", "connections that consume, for each channel", 1, 1);
    private readonly NumberOption<int> _threads = new("--threads", "threads that drive the publishing connections, and as many for the consuming ones", 1, 1);
    private readonly NumberOption<int> _size = new("--size", "bytes of a message's body", 200, 1);
    private readonly NumberOption<int> _batch = new("--batch", "messages of one publish: PUB for 1, MPUB for more", 1, 1);
    private readonly NumberOption<int> _pipeline = new("--pipeline", "publishes of one connection that may await their answer; 0 for 1, or 100 with --rate", 0, 0);
    private readonly NumberOption<int> _ready = new("--rdy", "messages in flight that each consumer allows", 2500, 1);
    private readonly NumberOption<int> _poison = new("--poison", "requeue one message of so many each time it comes, so that the server's policy makes an end of it; 0 for none", 0, 0);
    private readonly NumberOption<double> _rate = new("--rate", "messages a second over all producers, sent on schedule, with latency counted from the intended moment; 0 for as fast as possible", 0, 0);
    private readonly DurationOption _duration = new("--duration", "how long to measure [default: 10s, or no limit with --messages or for consume]");
    private readonly NumberOption<long> _messages = new("--messages", "how many messages to measure, in whole batches; 0 for no limit", 0, 0);
    private readonly DurationOption _warmUp = new("--warm-up", "how long to work before measuring [default: 1s, or none with --messages or for consume]");
    private readonly DurationOption _idle = new("--idle", "how long nothing may arrive before consuming counts as over [default: 2s]");
    private readonly NumberOption<int> _outputBufferSize = new("--output-buffer-size", "bytes the server shall gather before it writes; -1 for none, 0 for its default", 0, -1);
    private readonly NumberOption<int> _outputBufferTimeout = new("--output-buffer-timeout", "milliseconds the server may hold what it gathered; -1 for no limit, 0 for its default", 0, -1);

    /// <summary>Adds the flags that this work knows.</summary>
    public void AddTo(Command command, Work work)
    {
        AddCommon(command);
        if (work != Work.Both)
            command.Options.Add(_connections);
        if (work != Work.Consume)
            AddPublishing(command);
        if (work != Work.Publish)
            AddConsuming(command);
    }

    /// <summary>Adds all flags, for a command that chooses the work by one.</summary>
    public void AddTo(Command command)
    {
        AddCommon(command);
        command.Options.Add(_connections);
        AddPublishing(command);
        AddConsuming(command);
    }

    /// <summary>The plan that the flags make up.</summary>
    public LoadPlan Bind(ParseResult flags, Work work, ServerAddress server, int serverPid)
    {
        long messages = flags.GetValue(_messages);
        double rate = flags.GetValue(_rate);
        int pipeline = flags.GetValue(_pipeline);
        int channels = flags.GetValue(_channels);
        if (channels == 0 && work != Work.Publish)
            throw new LoadException("--channels must be at least 1 where messages are consumed");
        bool limited = messages > 0 || work == Work.Consume;
        return new LoadPlan
        {
            Work = work,
            Server = server,
            ServerPids = serverPid > 0 ? [serverPid] : [],
            Topic = flags.GetValue(_topic)!,
            Topics = flags.GetValue(_topics),
            Channel = flags.GetValue(_channel)!,
            Channels = channels,
            Producers = Connections(flags, _producers),
            Consumers = Connections(flags, _consumers),
            Threads = flags.GetValue(_threads),
            Size = flags.GetValue(_size),
            Batch = flags.GetValue(_batch),
            Pipeline = pipeline > 0 ? pipeline : rate > 0 ? PipelineOnSchedule : 1,
            Ready = flags.GetValue(_ready),
            Poison = flags.GetValue(_poison),
            Rate = rate,
            Duration = flags.GetValue(_duration) ?? (limited ? Timeout.InfiniteTimeSpan : UsualDuration),
            Messages = messages,
            WarmUp = flags.GetValue(_warmUp) ?? (limited ? TimeSpan.Zero : UsualWarmUp),
            Idle = flags.GetValue(_idle) ?? UsualIdle,
            OutputBufferSize = flags.GetValue(_outputBufferSize),
            OutputBufferTimeout = flags.GetValue(_outputBufferTimeout),
        };
    }

    private void AddCommon(Command command)
    {
        foreach (Option option in new Option[] { _topic, _topics, _channels, _channel, _threads, _duration, _messages, _warmUp })
            command.Options.Add(option);
    }

    private void AddPublishing(Command command)
    {
        foreach (Option option in new Option[] { _producers, _size, _batch, _pipeline, _rate })
            command.Options.Add(option);
    }

    private void AddConsuming(Command command)
    {
        foreach (Option option in new Option[] { _consumers, _ready, _poison, _idle, _outputBufferSize, _outputBufferTimeout })
            command.Options.Add(option);
    }

    // --connections stands for whichever of the two the work has.
    private int Connections(ParseResult flags, NumberOption<int> option) =>
        flags.GetResult(option) is { Implicit: false } || flags.GetResult(_connections) is null
            ? flags.GetValue(option)
            : flags.GetValue(_connections);
}
