using System.CommandLine;
using System.Globalization;
using Broker.Bench.Commands;

namespace Broker.Bench.Streams;

/// <summary>Compares stream providers of Orleans and writes a table in Markdown.</summary>
internal sealed class StreamsCommand : Command
{
    private readonly Option<string> _broker = new("--broker")
    {
        Description = "the broker's executable",
        DefaultValueFactory = _ => "Broker.Silo/bin/Release/net10.0/Broker.Silo",
    };

    private readonly Option<string> _nats = new("--nats-server") { Description = "the executable of NATS", DefaultValueFactory = _ => "nats-server" };

    private readonly Option<StreamProviderKind[]> _providers = new("--providers")
    {
        Description = "which: memory, nats, broker; as many as wanted, separated by spaces",
        DefaultValueFactory = _ => [StreamProviderKind.Memory, StreamProviderKind.Nats, StreamProviderKind.Broker],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly NumberOption<int> _events = new("--events", "events that are produced one by one; five times as many come in batches of 100", 50_000, 3200);
    private readonly NumberOption<int> _size = new("--size", "bytes of an event's body", 100, 0);
    private readonly NumberOption<int> _rate = new("--rate", "events a second while latencies are measured", 200, 1);
    private readonly NumberOption<int> _seconds = new("--seconds", "how long latencies and the idle time are measured, each", 20, 1);
    private readonly NumberOption<int> _killEvents = new("--kill-events", "events while a silo is killed", 20_000, 3200);
    private readonly NumberOption<int> _killRate = new("--kill-rate", "how many of them a second", 1000, 1);

    public StreamsCommand()
        : base("streams", "Compare Orleans' memory streams, its NATS provider and Broker.Orleans.Streaming.")
    {
        foreach (Option option in new Option[] { _broker, _nats, _providers, _events, _size, _rate, _seconds, _killEvents, _killRate })
            Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        StreamRunOptions options = new(
            flags.GetValue(_broker)!, flags.GetValue(_nats)!, flags.GetValue(_events), flags.GetValue(_size), flags.GetValue(_rate),
            flags.GetValue(_seconds), flags.GetValue(_killEvents), flags.GetValue(_killRate));
        TextWriter output = flags.InvocationConfiguration.Output;
        List<StreamFigures> all = [];
        foreach (StreamProviderKind kind in flags.GetValue(_providers)!)
            all.Add(await new StreamRun(kind, options, flags.InvocationConfiguration.Error).MeasureAsync(interrupt));
        output.WriteLine("| provider | events/s, singles | events/s, batches of 100 | p50 ms | p99 ms | idle CPU % | silo killed: lost | doubled |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (StreamFigures figures in all)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {figures.Provider} | {figures.SinglesPerSecond:N0} | {figures.BatchedPerSecond:N0} | {figures.P50:0.00} | {figures.P99:0.00} | {figures.IdlePercent:0.0} | {figures.Lost:N0} of {figures.Acknowledged:N0} | {figures.Repeated:N0} |"));
        }
        foreach (StreamFigures figures in all.Where(static figures => figures.Unhandled > 0))
            output.WriteLine($"{figures.Provider}: {figures.Unhandled} events were not handled while no silo was killed");
        return ExitCode.Success;
    }
}
