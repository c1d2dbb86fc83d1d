using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>Chooses how a training is shown, and runs it.</summary>
internal static class TrainingOutput
{
    /// <summary>JSON lines for a program, a live view for a person at a terminal, or else plain lines.</summary>
    internal static ITrainingOutput Create(Terminal terminal, bool json) => json ? new JsonTrainingOutput(terminal.Out)
        : terminal.Live ? new LiveTrainingOutput(terminal.CreateConsole(), TimeProvider.System)
        : new PlainTrainingOutput(terminal.Out, TimeProvider.System);

    /// <summary>Trains, and gives the exit code.</summary>
    /// <param name="train">Trains.</param>
    /// <param name="progress">Hears of the run.</param>
    /// <param name="verb">The verb that goes on with the run.</param>
    /// <param name="cancellationToken">Ends the run: after the step in progress, or before the first within a second.</param>
    internal static async Task<int> RunAsync(
        Func<CancellationToken, TrainingFinished> train, RunProgress progress, string verb, CancellationToken cancellationToken)
    {
        var reason = EndReason.Completed;
        try
        {
            await progress.Output.RunAsync(async () =>
            {
                // Training blocks its thread; the handler of Ctrl+C needs this one.
                var work = Task.Run(() => train(cancellationToken), CancellationToken.None);
                reason = (await Patience.WaitAsync(work, () => !progress.HasStarted, cancellationToken).ConfigureAwait(false)).Reason;
            }).ConfigureAwait(false);
        }
        catch (OutOfMemoryException exception)
        {
            throw new InsufficientMemoryException(MemoryAdvice.OfTraining(verb, progress.Phase), exception);
        }
        catch (ProgressLostException exception)
        {
            LossPlot.Save(TrainingHistory.Read(exception.Folder), exception.Folder);
            throw new IOException($"{exception.Message}, to go on: {TrainingText.ResumeCommand(exception.Folder, verb)}", exception);
        }
        catch (BrokenPipeException exception) // before the first step: later ones are told with what is saved
        {
            throw new IOException($"{exception.Message}; nothing was trained or saved", exception);
        }
        return reason == EndReason.Interrupted ? ExitCode.Interrupted : ExitCode.Success;
    }
}
