using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Broker.Silo.CommandLine;

/// <summary>System.CommandLine's help, and where else than on the command line a flag can be set.</summary>
public sealed class SourcesHelp(HelpAction help) : SynchronousCommandLineAction
{
    private const string Sources =
        """
        Flags are written --flag=value, --flag value, -flag=value or -flag value; a boolean may stand alone.
        Durations are written like 250ms, 2s, 1m30s or 1.5h.
        Each flag may also be an environment variable, BROKER_ and its name in upper case (BROKER_TCP_ADDRESS for --tcp-address),
        or a key of the file that --config names (tcp_address). The command line goes before the environment, that before the file.
        """;

    /// <inheritdoc/>
    // Whoever asks for help gets it, whatever else is wrong with the line.
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = help.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output.WriteLine(Sources);
        return exitCode;
    }
}
