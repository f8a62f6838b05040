using System.CommandLine;
using System.Net;
using Broker.Bench.Floor;
using Broker.Bench.Sockets;

namespace Broker.Bench.Commands;

/// <summary>Runs the floor server until it is interrupted.</summary>
internal sealed class FloorCommand : Command
{
    // Read once by .NET, before the first socket is used.
    private const string InlineCompletionsVariable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    private readonly AddressOption _address = new("--tcp-address", "IP address and port to listen on; port 0 for a free one")
    {
        DefaultValueFactory = _ => new ServerAddress("127.0.0.1", 0),
    };

    private readonly Option<string?> _file = new("--file") { Description = "file to append to [default: one that is deleted at the end]" };
    private readonly NumberOption<int> _size = new("--size", "bytes of a delivered message's body", 200, 1);
    private readonly NumberOption<long> _backlog = new("--backlog", "messages to deliver; 0 for no end", 0, 0);
    private readonly Option<bool> _inline = new("--inline") { Description = "run each connection on the thread that polls its socket", DefaultValueFactory = _ => true };

    public FloorCommand()
        : base("floor", "Listen as a server that does next to nothing, to find what the sockets and the generator alone cost.")
    {
        foreach (Option option in new Option[] { _address, _file, _size, _backlog, _inline })
            Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        ServerAddress address = flags.GetValue(_address)!;
        if (!IPAddress.TryParse(address.Host, out IPAddress? ip))
            throw new LoadException($"--tcp-address must be an IP address to listen on, not '{address.Host}'");
        bool inline = flags.GetValue(_inline);
        if (inline)
            Environment.SetEnvironmentVariable(InlineCompletionsVariable, "1");
        await using FloorServer server = await FloorServer.StartAsync(new FloorOptions
        {
            Listen = new IPEndPoint(ip, address.Port),
            File = flags.GetValue(_file),
            Size = flags.GetValue(_size),
            Backlog = flags.GetValue(_backlog),
            Inline = inline,
        });
        flags.InvocationConfiguration.Output.WriteLine($"listening on {server.EndPoint}, process {Environment.ProcessId}");
        TaskCompletionSource interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using (interrupt.Register(interrupted.SetResult))
            await interrupted.Task;
        return ExitCode.Success;
    }
}
