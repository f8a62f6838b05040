using System.CommandLine;
using Broker.Bench.Load;
using Broker.Bench.Streams;

namespace Broker.Bench.Commands;

/// <summary>The whole command line.</summary>
public sealed class BenchCommand : RootCommand
{
    // Ctrl-C must leave time for what is under way to be answered and for the figures to be printed.
    private static readonly TimeSpan InterruptPatience = TimeSpan.FromSeconds(10);

    public BenchCommand()
        : base("Load generator and benchmarks for brokers that speak the NSQ protocol.")
    {
        Subcommands.Add(new LoadCommand("publish", "Publish, and time the answers.", Work.Publish));
        Subcommands.Add(new LoadCommand("consume", "Consume a backlog, of a known length or until nothing more comes.", Work.Consume));
        Subcommands.Add(new LoadCommand("both", "Publish and consume at once, and time messages from end to end.", Work.Both));
        Subcommands.Add(new CompareCommand());
        Subcommands.Add(new VersusCommand());
        Subcommands.Add(new ScaleCommand());
        Subcommands.Add(new FloorCommand());
        Subcommands.Add(new MicroCommand());
        Subcommands.Add(new GuardCommand());
        Subcommands.Add(new StreamsCommand());
        Subcommands.Add(new StreamSiloCommand());
    }

    /// <summary>Runs a command line and returns what the process ends with.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">For figures.</param>
    /// <param name="error">For progress and complaints.</param>
    /// <param name="interrupt">Ends the run, as Ctrl-C does.</param>
    public async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken interrupt)
    {
        ParseResult flags = Parse(args);
        if (flags.Errors.Count > 0)
        {
            error.WriteLine(flags.UnmatchedTokens.Count > 0
                ? $"'{flags.UnmatchedTokens[0]}' is not a command or flag; see --help"
                : flags.Errors[0].Message);
            return ExitCode.BadUsage;
        }
        try
        {
            InvocationConfiguration configuration = new()
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = InterruptPatience,
            };
            return await flags.InvokeAsync(configuration, interrupt);
        }
        catch (Exception exception) when (exception is LoadException or IOException or UnauthorizedAccessException)
        {
            error.WriteLine(exception.Message);
            return ExitCode.Failed;
        }
    }
}
