using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Hosting;
using Broker.Bench.Commands;

namespace Broker.Bench.Streams;

/// <summary>A silo of a run. It ends when its input does, so with the run.</summary>
internal sealed class StreamSiloCommand : Command
{
    public const string CommandName = "streams-silo";
    public const string Ready = "the silo is ready";

    private readonly Argument<StreamProviderKind> _kind = new("kind");
    private readonly Argument<string> _server = new("server");
    private readonly Argument<string> _first = new("first");
    private readonly Argument<int> _siloPort = new("silo-port");
    private readonly Argument<int> _gatewayPort = new("gateway-port");
    private readonly Argument<string> _log = new("log");

    public StreamSiloCommand()
        : base(CommandName, "A silo of the streams command.")
    {
        Hidden = true;
        foreach (Argument argument in new Argument[] { _kind, _server, _first, _siloPort, _gatewayPort, _log })
            Arguments.Add(argument);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        using IHost silo = StreamCluster.CreateSilo(
            flags.GetValue(_kind),
            flags.GetValue(_server)!,
            IPEndPoint.Parse(flags.GetValue(_first)!),
            flags.GetValue(_siloPort),
            flags.GetValue(_gatewayPort),
            flags.GetValue(_log)!);
        await silo.StartAsync(interrupt);
        flags.InvocationConfiguration.Output.WriteLine(Ready);
        await Console.In.ReadToEndAsync(interrupt);
        return ExitCode.Success;
    }
}
