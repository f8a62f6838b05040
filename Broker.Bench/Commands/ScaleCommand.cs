using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Broker.Bench.Scale;
using Broker.Bench.Versus;
using Broker.Bench.Versus.Systems;

namespace Broker.Bench.Commands;

/// <summary>One work over one dimension.</summary>
internal sealed class ScaleCommand : Command
{
    private const string Charts = "docs/images";

    private readonly Argument<Dimension> _dimension;
    private readonly Option<long[]> _steps;
    private readonly Option<string> _system;
    private readonly NumberOption<int> _rounds = new("--rounds", "how often each step is measured", 3, 1);
    private readonly NumberOption<int> _size = new("--size", "bytes of a message's body", 200, 1);
    private readonly DurationOption _duration = new("--duration", "how long each step is measured [default: 5s; until the backlog is drained for drain]");
    private readonly DurationOption _warmUp = new("--warm-up", "how long each step works before it is measured [default: 3s; none for drain]");
    private readonly Option<string?> _postgres = new("--postgres") { Description = "connection string of the database that silos share; a schema is made and dropped in it" };
    private readonly ProgramsOption _programs = new([Programs.Broker.Name, Programs.Nsqd.Name]);
    private readonly Option<string?> _data = new("--data") { Description = "folder to keep the server's data in while it runs [default: the system's temporary one]" };
    private readonly Option<string> _chart = new("--chart") { Description = $"file to draw the chart in, as SVG; empty for none [default: scale-NAME.svg in {Charts}]" };
    private readonly Option<bool> _json = new("--json") { Description = "print the figures as JSON" };

    public ScaleCommand()
        : base("scale", "Measure what it costs that something grows, step by step, and draw it.")
    {
        string known = string.Join(", ", DimensionCatalogue.All.Select(dimension => dimension.Name));
        _dimension = new Argument<Dimension>("what")
        {
            Description = $"what grows: {known}",
            CustomParser = result =>
            {
                Dimension? dimension = DimensionCatalogue.All.FirstOrDefault(one => one.Name == result.Tokens[0].Value);
                if (dimension is null)
                    result.AddError($"what grows must be one of {known}, not '{result.Tokens[0].Value}'");
                return dimension!;
            },
        };
        _steps = new Option<long[]>("--steps")
        {
            Description = "the steps, separated by commas, the least first [default: by what grows, the largest takes minutes]",
            CustomParser = result => ParseSteps(result.Tokens[0].Value, result.AddError),
        };
        string[] systems = [.. Systems.Select(system => system.Name)];
        _system = new Option<string>("--system") { Description = $"on what: {string.Join(", ", systems)}", DefaultValueFactory = _ => SystemCatalogue.Broker.Name };
        _system.AcceptOnlyFromAmong(systems);
        Arguments.Add(_dimension);
        foreach (Option option in new Option[] { _steps, _system, _rounds, _size, _duration, _warmUp, _postgres, _programs, _data, _chart, _json })
            Options.Add(option);
        SetAction(RunAsync);
    }

    private static IEnumerable<ISystem> Systems => SystemCatalogue.All.OfType<NsqSystem>();

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        Dimension dimension = flags.GetValue(_dimension)!;
        bool drains = dimension.Name == "drain";
        ISystem system = Systems.First(one => one.Name == flags.GetValue(_system));
        Func<long, ISystem> systemAt = _ => system;
        if (dimension == DimensionCatalogue.Silos)
        {
            string database = flags.GetValue(_postgres) ?? throw new LoadException("silos share a database: say which with --postgres");
            systemAt = silos => new ClusterSystem((int)silos, database);
        }
        ServerProgram program = systemAt(1).Program;
        WorkSettings settings = new(
            flags.GetValue(_size),
            flags.GetValue(_warmUp) ?? (drains ? TimeSpan.Zero : TimeSpan.FromSeconds(3)),
            flags.GetValue(_duration) ?? (drains ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(5)),
            Backlog: 0,
            FillTime: Timeout.InfiniteTimeSpan);
        ScalePlan plan = new(
            dimension,
            flags.GetValue(_steps) is { Length: > 0 } steps ? steps : dimension.Steps,
            systemAt,
            program.Find(flags.GetValue(_programs)!)
                ?? throw new LoadException($"{program.Name} is not installed ({program.Package}), or say --program {program.Name}=path"),
            settings,
            flags.GetValue(_rounds),
            flags.GetValue(_data));
        ScaleReport report = await new ScaleRun(plan, flags.InvocationConfiguration.Error).RunAsync(interrupt);
        TextWriter output = flags.InvocationConfiguration.Output;
        if (flags.GetValue(_json))
            output.WriteLine(JsonSerializer.Serialize(report, ScaleJson.Default.ScaleReport));
        else
            ScaleText.Write(output, report);
        string chart = flags.GetValue(_chart) ?? Path.Combine(Charts, $"scale-{dimension.Name}.svg");
        if (chart.Length > 0 && report.Points.Count > 0)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(chart))!);
            await File.WriteAllTextAsync(chart, ScaleChart.Draw(report), CancellationToken.None);
            flags.InvocationConfiguration.Error.WriteLine($"drawn in {chart}");
        }
        if (interrupt.IsCancellationRequested)
            return ExitCode.Interrupted;
        return report.Missing > 0 ? ExitCode.Failed : ExitCode.Success;
    }

    private static long[] ParseSteps(string text, Action<string> complain)
    {
        List<long> steps = [];
        foreach (string part in text.Split(','))
        {
            if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long step) || (steps.Count > 0 && step <= steps[^1]))
            {
                complain($"--steps must be growing whole numbers separated by commas, not '{text}'");
                return [];
            }
            steps.Add(step);
        }
        return [.. steps];
    }
}
