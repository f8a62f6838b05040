using System.CommandLine;
using System.Text;
using Broker.Silo.Flags;

namespace Broker.Silo.CommandLine;

/// <summary>A row of the catalogue as System.CommandLine knows it. It carries texts only: every source's are judged alike later.</summary>
public sealed class FlagOption : Option<string[]>
{
    public FlagOption(Flag flag) : base($"--{flag.Name}")
    {
        Flag = flag;
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = false;
        HelpName = flag.ValueLabel;
        Description = Describe(flag);
    }

    /// <summary>The row.</summary>
    public Flag Flag { get; }

    private static string Describe(Flag flag)
    {
        StringBuilder text = new(flag.Description);
        if (flag.IsList) text.Append(" (repeatable)");
        if (flag.Default.Length > 0) text.Append(" [default: ").Append(flag.Default).Append(']');
        return text.ToString();
    }
}
