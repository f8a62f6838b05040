using System.Collections;
using Broker.Silo.CommandLine;
using Broker.Silo.Settings;

namespace Broker.Tests.Silo;

/// <summary>One run of the program with a broker that stops at once: what it printed, how it ended, and what it would have served.</summary>
internal sealed class ProgramRun
{
    private ProgramRun(int exitCode, string output, string error, BrokerSettings? settings)
    {
        ExitCode = exitCode;
        Output = output;
        Error = error;
        Settings = settings;
    }

    public int ExitCode { get; }

    public string Output { get; }

    public string Error { get; }

    /// <summary>What was served; null when it did not come to that.</summary>
    public BrokerSettings? Settings { get; }

    public static async Task<ProgramRun> StartAsync(IReadOnlyList<string> arguments, params (string Name, string Value)[] environment)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        BrokerSettings? served = null;
        IDictionary variables = environment.ToDictionary(variable => variable.Name, variable => variable.Value);
        BrokerProgram program = new(Serve, Serve, Serve, Serve, variables, TextReader.Null, output, error);
        int exitCode = await program.RunAsync(arguments);
        return new ProgramRun(exitCode, output.ToString(), error.ToString(), served);

        Task Serve(BrokerSettings settings, CancellationToken cancellation)
        {
            served = settings;
            return Task.CompletedTask;
        }
    }

    /// <summary>The settings of a run that went well.</summary>
    public static async Task<BrokerSettings> SettingsOfAsync(string arguments, params (string Name, string Value)[] environment)
    {
        ProgramRun run = await StartAsync(Split(arguments), environment);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        return run.Settings!;
    }

    /// <summary>The one line of a run that went wrong because of what the operator wrote.</summary>
    public static async Task<string> ComplaintOfAsync(string arguments, params (string Name, string Value)[] environment)
    {
        ProgramRun run = await StartAsync(Split(arguments), environment);
        Assert.Null(run.Settings);
        Assert.Equal(Broker.Silo.CommandLine.ExitCode.NotStarted, run.ExitCode);
        Assert.StartsWith("Broker.Silo: ", run.Error);
        Assert.EndsWith(Environment.NewLine, run.Error);
        return Assert.Single(run.Error.TrimEnd().Split('\n'))["Broker.Silo: ".Length..];
    }

    private static string[] Split(string arguments) => arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
